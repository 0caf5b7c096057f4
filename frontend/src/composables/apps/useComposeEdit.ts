import { computed, ref, shallowRef, watch } from 'vue'
import type { UpdateAppInput } from '../../graphql/generated/graphql.ts'
import { wordsWithout } from '../../utils/shared/problem-words.ts'
import type { Problem } from '../../graphql/problem.ts'
import { lineProblems, sameText } from '../../utils/apps/compose-text.ts'

interface Saved {
  content: string
  version: number
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
  const said = computed(() => problem.value && wordsWithout(problem.value, 'composeContent'))
  const editing = computed(() => base.value !== undefined)
  /** Someone else saved another file during this edit. */
  const outdated = computed(() => base.value !== undefined && base.value.version !== saved().version)
  const concerns = (field: string): boolean => problem.value?.fields.some((each) => each.field === field) ?? false
  /** What is wrong, unless the panel about the newer version explains it better. */
  const words = computed(() => {
    if (concerns('overwriteFile'))
      return 'Nothing was saved. The Compose file was changed on disk. Look at the difference and choose which one to use.'
    return outdated.value && concerns('ifVersion') ? undefined : said.value
  })

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
    ...{ draft, pull, saving, editing, outdated, words, edit, close, submit },
    dirty: computed(() => editing.value && !saving.value && !sameText(draft.value, base.value?.content ?? '')),
    markers: computed(() => lineProblems(said.value ? [said.value] : [])),
    /** Whether it meets a changed file on disk. */
    meetsFile: computed(() => concerns('overwriteFile')),
  }
}
