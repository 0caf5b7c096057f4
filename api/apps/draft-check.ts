import type { ComposeCli, Engine } from '../docker/engine.types.ts'
import type { AppFiles } from './app-files.ts'
import type { NodeFacts } from './compose/node-facts.ts'
import { checkCompose } from './compose-check.ts'
import type { AppContents } from './versions/version.ts'
import type { ComposeProblem } from './compose-problem.ts'

export type AppCheck = ReturnType<typeof createAppCheck>

/** Checks a Compose file before anything starts. Needs Docker, because an app cannot be accepted without it. */
export function createAppCheck(deps: { engine: Engine; compose: ComposeCli; files: AppFiles; facts: NodeFacts }) {
  return {
    /**
     * Lets Compose read the contents as the app's, in the app's folder.
     * @returns warnings
     * @throws INVALID_INPUT on field `composeContent`, DOCKER_UNAVAILABLE
     */
    content: (name: string, contents: AppContents): Promise<ComposeProblem[]> =>
      checkCompose(
        contents.composeContent,
        async () => {
          await deps.engine.info()
          await deps.compose.version()
          return deps.files.withDraft(name, contents, (project) => deps.compose.config(project))
        },
        deps.facts,
      ),
  }
}
