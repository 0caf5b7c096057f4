import type { ComposeCli, Engine } from '../docker/engine.types.ts'
import { invalidInput } from '../errors.ts'
import type { AppFiles } from './app-files.ts'
import type { NodeFacts } from './compose/node-facts.ts'
import type { AppPolicy, Looked, Permit } from './compose/policy/app-policy.ts'
import { refuseFindings } from './compose/policy/violation.ts'
import { unusedWords } from './compose/unused-words.ts'
import { checkCompose } from './compose-check.ts'
import type { AppContents, CheckedContents } from './versions/version.ts'
import type { ComposeProblem } from './compose-problem.ts'

export type AppCheck = ReturnType<typeof createAppCheck>

export interface Checked extends CheckedContents {
  warnings: ComposeProblem[]
}

/** Checks a Compose file before anything starts. Needs Docker, because an app cannot be accepted without it. */
export type Seen = Checked & Pick<Looked, 'model'>

export function createAppCheck(deps: { engine: Engine; compose: ComposeCli; files: AppFiles; look: AppPolicy; facts: NodeFacts }) {
  /** The same with the resolved model. */
  async function seen(name: string, contents: AppContents, permit: Permit): Promise<Seen> {
    const { composeContent } = contents
    refuseComposeFile(deps.files.fileOf(name), contents)
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
      { missing: deps.facts.missing, unused: (model) => unusedWords(name, contents, model) },
    )
    refuseFindings(looked?.findings ?? [])
    return { warnings, allowances: looked?.allowances ?? [], modelHash: looked?.modelHash ?? null, model: looked?.model }
  }

  return {
    seen,

    /**
     * Lets Compose read the contents as the app's, in the app's folder.
     * @throws INVALID_INPUT on field `composeContent`, POLICY_VIOLATION, DOCKER_UNAVAILABLE
     */
    async content(name: string, contents: AppContents, permit: Permit): Promise<Checked> {
      const { model: _, ...checked } = await seen(name, contents, permit)
      return checked
    },
  }
}

/** An imported app's Compose file can have any name, and what runs must be what was checked. @throws INVALID_INPUT */
function refuseComposeFile(composeFile: string, { files }: AppContents): void {
  const path = files.find((file) => file.path.toLowerCase() === composeFile.toLowerCase())?.path
  if (path !== undefined) throw invalidInput([{ field: 'files', message: `${path}: is the Compose file. Change that instead` }])
}
