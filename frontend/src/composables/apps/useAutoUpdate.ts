import { setAutoUpdate } from '../../graphql/documents/app-changes.ts'
import type { AutoUpdateInput } from '../../graphql/generated/graphql.ts'
import type { AppItem } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** Saves when an app's images are updated by themselves; null turns it off. Resolves to the server's refusal, if any. */
export function useAutoUpdate() {
  const mutate = useMutate()
  const { refusalOf } = useResultToasts()
  return async ({ id, name }: AppItem, policy: AutoUpdateInput | null): Promise<Problem | undefined> =>
    refusalOf(await mutate(setAutoUpdate, { id, policy }), {
      title: policy ? `${name} updates its images by itself` : `${name} updates its images when someone asks`,
    })
}
