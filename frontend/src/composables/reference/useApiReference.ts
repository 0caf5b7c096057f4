import { onMounted, shallowRef } from 'vue'
import type { Problem } from '../../graphql/problem.ts'
import { sectionsOf, type ApiSection, type OpenApi } from '../../utils/reference/openapi.ts'
import { fetchWithBrowserSecret } from '../../utils/shared/browser-secret.ts'

export const documentPath = '/api/openapi.json'

/** The routes of this server, as it describes them itself. */
export function useApiReference() {
  const state = shallowRef<'loading' | 'failed' | 'ready'>('loading')
  const sections = shallowRef<ApiSection[]>([])
  const problem = shallowRef<Problem>()

  async function load(): Promise<void> {
    state.value = 'loading'
    try {
      const answer = await fetchWithBrowserSecret(documentPath)
      if (!answer.ok) throw new Error(`The server answered with HTTP status ${answer.status}.`)
      sections.value = sectionsOf((await answer.json()) as OpenApi)
      state.value = 'ready'
    } catch (error) {
      problem.value = {
        code: 'INTERNAL',
        fields: [],
        message: error instanceof TypeError ? 'The server did not answer.' : (error as Error).message,
      }
      state.value = 'failed'
    }
  }
  onMounted(load)

  return { state, sections, problem, load }
}
