import { useToast } from '@nuxt/ui/composables'
import { computed } from 'vue'
import type { ChangePrimaryUrlMutation, UpdateSettingsInput } from '../../graphql/generated/graphql.ts'
import type { Problem } from '../../graphql/problem.ts'
import { changePrimaryUrl, settingsQuery, updateSettings } from '../../graphql/documents/settings.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'

export type PrimaryUrlOutcome = ChangePrimaryUrlMutation['changePrimaryUrl'][number]

/** The settings stored on the server. Secrets arrive masked. */
export function useSettings() {
  const { state, data, problem, retry } = useLiveQuery(settingsQuery, {})
  const mutate = useMutate()
  const toast = useToast()

  async function save(input: UpdateSettingsInput): Promise<Problem | undefined> {
    const result = await mutate(updateSettings, { input })
    if (!result.ok) return result.problem
    toast.add({ title: 'Settings saved', description: 'Connected nodes receive them now.', color: 'success', icon: 'i-lucide-check' })
    return undefined
  }

  /** Sends every node this primary's new URL. Each reports whether it reached the primary there. */
  async function move(url: string): Promise<Outcome<PrimaryUrlOutcome[]>> {
    const result = await mutate(changePrimaryUrl, { url })
    return result.ok ? { ok: true, data: result.data.changePrimaryUrl } : result
  }

  return { state, settings: computed(() => data.value?.settings), problem, retry, save, move }
}
