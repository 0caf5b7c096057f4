import { computed } from 'vue'
import type { UpdateSettingsInput } from '../../graphql/generated/graphql.ts'
import type { PrimaryUrlOutcome } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { changePrimaryUrl, settingsQuery, updateSettings } from '../../graphql/documents/settings.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { picked, useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** The settings stored on the server. Secrets arrive masked. */
export function useSettings() {
  const { state, data, problem, retry } = useLiveQuery(settingsQuery, {})
  const mutate = useMutate()
  const { refusalOf } = useResultToasts()

  async function save(input: UpdateSettingsInput): Promise<Problem | undefined> {
    return refusalOf(await mutate(updateSettings, { input }), {
      title: 'Settings saved',
      description: 'Connected nodes receive them now.',
    })
  }

  /** Sends every node this primary's new URL. Each reports whether it reached the primary there. */
  async function moveTo(url: string): Promise<Outcome<PrimaryUrlOutcome[]>> {
    return picked(await mutate(changePrimaryUrl, { url }), (data) => data.changePrimaryUrl)
  }

  return { state, settings: computed(() => data.value?.settings), problem, retry, save, moveTo }
}
