import { ref } from 'vue'
import { checkImages } from '../../graphql/documents/app-changes.ts'
import type { AppItem } from '../../graphql/items.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** Asks the registries of an app's images now. */
export function useImageCheck() {
  const mutate = useMutate()
  const { failed } = useResultToasts()
  const checking = ref(false)

  async function check({ id, name }: AppItem): Promise<void> {
    checking.value = true
    const result = await mutate(checkImages, { id })
    checking.value = false
    if (!result.ok) failed({ title: `The images of ${name} could not be checked`, description: result.problem.message })
  }

  return { checking, check }
}
