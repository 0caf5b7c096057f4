import { computed, ref, shallowRef, watch } from 'vue'
import type { UpdateAppInput } from '../../graphql/generated/graphql.ts'
import type { Problem } from '../../graphql/problem.ts'
import { contentsDiffer, mergedContents, sealedContents, updateOf } from '../../utils/apps/contents.ts'
import type { Contents } from '../../utils/apps/contents.ts'
import { allowInput } from '../../utils/apps/findings.ts'
import { meetsFile, refusalWords } from '../../utils/apps/refusal-words.ts'

export interface SavedContents {
  contents: Contents
  version: number
}

/** What people are changing, and what they started from. Follows what is saved until they change something. */
function useDraft(saved: () => SavedContents | undefined) {
  /** What the edit started from. */
  const base = shallowRef<SavedContents>()
  const draft = shallowRef<Contents>()
  /** What the next save allows beyond the safety policy. */
  const wishes = ref<string[]>([])
  const problem = shallowRef<Problem>()
  const differs = computed(() => (base.value && draft.value ? contentsDiffer(base.value.contents, draft.value) : false))
  const dirty = computed(() => differs.value || wishes.value.length > 0)
  /** Someone else saved another version during this edit. */
  const outdated = computed(() => dirty.value && saved() !== undefined && base.value?.version !== saved()?.version)

  function discard(): void {
    base.value = saved()
    draft.value = saved()?.contents
    problem.value = undefined
    wishes.value = []
  }

  watch(
    saved,
    (now) => {
      if (now && !dirty.value) discard()
    },
    { immediate: true },
  )
  return { base, draft, wishes, problem, dirty, outdated, discard }
}

/**
 * One edit of an app's files, environment and profiles, which others can save meanwhile.
 * @param saved what the app has now; undefined while it is loaded
 * @param save resolves to the server's refusal, if any
 */
export function useContentsEdit(saved: () => SavedContents | undefined, save: (input: UpdateAppInput) => Promise<Problem | undefined>) {
  const edit = useDraft(saved)
  const { base, draft, wishes, problem, outdated } = edit
  const saving = ref(false)

  /** What would be saved: this edit on top of what the app has now. */
  const result = computed(() => {
    const now = saved()?.contents
    return outdated.value && base.value && draft.value && now ? mergedContents(base.value.contents, draft.value, now) : draft.value
  })

  /** `more`: how to save it, such as the reason. */
  async function submit(more: UpdateAppInput): Promise<boolean> {
    const now = saved()
    if (!now || !result.value) return false
    saving.value = true
    const contents = result.value
    problem.value = await save({ ...updateOf(now.contents, contents), ...allowInput(wishes.value), ifVersion: now.version, ...more })
    saving.value = false
    if (problem.value) return false
    wishes.value = []
    base.value = { contents: (draft.value = sealedContents(contents)), version: now.version }
    return true
  }

  return {
    ...{ ...edit, saving, result, submit },
    /** Why saving was refused, unless the notice about the newer version explains it better. */
    words: computed(() => refusalWords(problem.value, outdated.value)),
    /** Whether it meets a changed file on disk. */
    meetsFile: computed(() => meetsFile(problem.value)),
  }
}
