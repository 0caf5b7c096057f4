import { computed, ref, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { UpdateAppInput } from '../../graphql/generated/graphql.ts'
import type { AppDetail } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'

/**
 * Compares the Compose file on disk with the app's own, or with an unsaved text, and saves the one that people choose.
 * @param save resolves to the server's refusal, if any
 * @param onDraftSettled called after an unsaved text was saved or given up for the file on disk
 */
export function useDiskComparison(
  app: MaybeRefOrGetter<AppDetail | undefined>,
  save: (input: UpdateAppInput) => Promise<Problem | undefined>,
  onDraftSettled: () => void,
) {
  const open = ref(false)
  /** The unsaved text that met a changed file on disk. Undefined: compare the app's own file. */
  const draft = ref<string>()
  const mine = computed(() => draft.value ?? toValue(app)?.composeContent ?? '')
  const words = computed(() => {
    const isStopped = toValue(app)?.desiredState === 'STOPPED'
    const isDraft = draft.value !== undefined
    return {
      title: 'The Compose file was changed on disk',
      mine: isDraft ? 'your text' : 'the dashboard',
      take: isStopped ? 'Use the file on disk' : 'Use and apply the file on disk',
      overwrite: isDraft ? 'Overwrite with your text' : "Overwrite with the dashboard's file",
      after: isStopped ? 'The app is stopped and stays stopped.' : 'The containers are then updated to match.',
    }
  })

  function compare(unsaved?: string): void {
    draft.value = unsaved
    open.value = true
  }

  /** Sends the version shown on this page, so that a newer one is not overwritten unseen. */
  async function decide(composeContent: string, overwriteFile: boolean): Promise<Problem | undefined> {
    const version = toValue(app)?.version
    const refused = await save({ composeContent, overwriteFile, ...(version === undefined ? {} : { ifVersion: version }) })
    if (!refused && draft.value !== undefined) onDraftSettled()
    return refused
  }

  return {
    open,
    mine,
    words,
    compare,
    take: (content: string) => decide(content, false),
    overwrite: () => decide(mine.value, true),
  }
}
