import { computed } from 'vue'
import type { UpdateAppInput } from '../../graphql/generated/graphql.ts'
import type { AppDetail } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { draftFrom } from '../../utils/apps/contents.ts'
import type { Contents } from '../../utils/apps/contents.ts'
import { allowInput } from '../../utils/apps/findings.ts'
import { useAllowing } from './useAllowing.ts'
import { useAppContents } from './useAppContents.ts'
import { useContentsEdit } from './useContentsEdit.ts'
import type { SavedContents } from './useContentsEdit.ts'
import { useValidation } from './useValidation.ts'

/**
 * The edit of an app on its page: what it is made of, the draft, and what a check of the draft finds.
 * @param isShown whether the draft is on the screen, because a check costs its node something
 * @param save resolves to the server's refusal, if any
 */
export function useAppEditing(
  app: () => AppDetail | undefined,
  isShown: () => boolean,
  save: (input: UpdateAppInput) => Promise<Problem | undefined>,
) {
  const has = (capability: string): boolean => app()?.node.capabilities.includes(capability) ?? false
  const isOnline = computed(() => app()?.node.status === 'ONLINE')
  const hasHistory = computed(() => has('app-history'))

  const { saved: loaded, problem } = useAppContents(
    () => app()?.id ?? '',
    () => {
      const now = app()
      return now && hasHistory.value ? `${now.id} ${now.version} ${now.updatedAt} ${now.node.status}` : undefined
    },
  )
  /** All that is known of an app whose node does not answer, or is older. */
  const composeOnly = computed((): SavedContents | undefined => {
    const now = app()
    return now && { version: now.version, contents: { composeContent: now.composeContent, files: [], environment: [], profiles: [] } }
  })
  const saved = computed(() => (hasHistory.value ? (loaded.value ?? (problem.value ? composeOnly.value : undefined)) : composeOnly.value))
  const edit = useContentsEdit(() => saved.value, save)

  const isChecked = computed(() => isShown() && isOnline.value && has('app-validation'))
  const check = useValidation(() => {
    const now = app()
    const contents = edit.result.value
    if (!now || !contents || !isChecked.value) return undefined
    // The other lists are left out where the node does not know them.
    const more = hasHistory.value ? contents : { composeContent: contents.composeContent }
    return { nodeId: now.node.id, appId: now.id, input: { name: now.name, ...more, ...allowInput(edit.wishes.value) } }
  })
  useAllowing(edit.wishes, check.validation)

  /** Gives up the change of the Compose file alone. */
  function dropCompose(): void {
    const { draft, base, problem: refusal } = edit
    if (draft.value && base.value) draft.value = { ...draft.value, composeContent: base.value.contents.composeContent }
    refusal.value = undefined
  }

  /** Starts an edit from another version, such as one that failed. */
  function startFrom(version: Contents): void {
    if (edit.base.value) edit.draft.value = draftFrom(version, edit.base.value.contents)
  }

  return { saved, edit, dropCompose, startFrom, check, hasHistory, contentsProblem: problem, isOnline }
}

export type AppEditing = ReturnType<typeof useAppEditing>
