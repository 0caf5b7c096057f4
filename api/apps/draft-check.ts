import type { ComposeCli, Engine } from '../docker/engine.types.ts'
import type { AppFiles } from './app-files.ts'
import type { NodeFacts } from './compose/node-facts.ts'
import type { AppPolicy, Looked, Permit } from './compose/policy/app-policy.ts'
import { refuseFindings } from './compose/policy/violation.ts'
import { checkCompose } from './compose-check.ts'
import type { AppContents, CheckedContents } from './versions/version.ts'
import type { ComposeProblem } from './compose-problem.ts'

export type AppCheck = ReturnType<typeof createAppCheck>

export interface Checked extends CheckedContents {
  warnings: ComposeProblem[]
}

/** Checks a Compose file before anything starts. Needs Docker, because an app cannot be accepted without it. */
export function createAppCheck(deps: { engine: Engine; compose: ComposeCli; files: AppFiles; look: AppPolicy; facts: NodeFacts }) {
  return {
    /**
     * Lets Compose read the contents as the app's, in the app's folder.
     * @throws INVALID_INPUT on field `composeContent`, POLICY_VIOLATION, DOCKER_UNAVAILABLE
     */
    async content(name: string, contents: AppContents, permit: Permit): Promise<Checked> {
      const { composeContent } = contents
      let looked: Looked | undefined
      const warnings = await checkCompose(
        composeContent,
        async () => {
          await deps.engine.info()
          await deps.compose.version()
          looked = await deps.files.withDraft(name, contents, (project) =>
            deps.look(project, composeContent, permit, new AbortController().signal),
          )
          return looked
        },
        deps.facts,
      )
      refuseFindings(looked?.findings ?? [])
      return { warnings, allowances: looked?.allowances ?? [], modelHash: looked?.modelHash ?? null }
    },
  }
}
