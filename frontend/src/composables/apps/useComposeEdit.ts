import { computed, ref, shallowRef, watch } from 'vue'
import type { UpdateAppInput } from '../../graphql/generated/graphql.ts'
import { wordsForOnlyField } from '../../utils/shared/problem-words.ts'
import type { Problem } from '../../graphql/problem.ts'
import { lineProblems, sameText } from '../../utils/apps/compose-text.ts'

interface Saved {
  content: string
  version: number
}

const concerns = (problem: Problem | undefined, field: string): boolean => problem?.fields.some((each) => each.field === field) ?? false
const wordsOf = (problem: Problem): string => wordsForOnlyField(problem, 'composeContent')

/** What is wrong, unless the panel about the newer version explains it better. */
function refusalWords(problem: Problem | undefined, isOutdated: boolean): string | undefined {
  if (concerns(problem, 'overwriteFile'))
    return 'Nothing was saved. The Compose file was changed on disk. Look at the difference and choose which one to use.'
  return isOutdated && concerns(problem, 'ifVersion') ? undefined : problem && wordsOf(problem)
}

/**
 * An edit of an app's Compose file, which others can save meanwhile.
 * @param saved the file as the app has it now
 * @param save resolves to the server's refusal, if any
 */
export function useComposeEdit(saved: () => Saved, save: (input: UpdateAppInput) => Promise<Problem | undefined>) {
  /** What the edit started from. Undefined while nobody edits. */
  const base = shallowRef<Saved>()
  const saving = ref(false)
  const pull = ref(false)
  const draft = ref(saved().content)
  const problem = shallowRef<Problem>()
  const editing = computed(() => base.value !== undefined)
  /** Someone else saved another file during this edit. */
  const outdated = computed(() => base.value !== undefined && base.value.version !== saved().version)

  watch(
    () => saved().content,
    (content) => {
      if (!editing.value) draft.value = content
    },
  )

  function edit(): void {
    draft.value = saved().content
    base.value = { ...saved() }
  }

  function close(): void {
    base.value = undefined
    draft.value = saved().content
    problem.value = undefined
  }

  async function submit(): Promise<void> {
    saving.value = true
    const composeContent = draft.value
    problem.value = await save({ composeContent, pull: pull.value, ifVersion: saved().version })
    saving.value = false
    if (problem.value) return
    base.value = undefined
    draft.value = composeContent
  }

  return {
    ...{ draft, pull, saving, editing, outdated, edit, close, submit },
    dirty: computed(() => editing.value && !saving.value && !sameText(draft.value, base.value?.content ?? '')),
    /** Why saving was refused. */
    words: computed(() => refusalWords(problem.value, outdated.value)),
    markers: computed(() => (problem.value ? lineProblems([wordsOf(problem.value)]) : [])),
    /** Whether it meets a changed file on disk. */
    meetsFile: computed(() => concerns(problem.value, 'overwriteFile')),
  }
}
