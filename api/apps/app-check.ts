import { AppError, invalidInput } from '../errors.ts'
import type { ComposeCli, Engine } from '../docker/engine.types.ts'
import type { AppFiles } from './app-files.ts'
import { checkComposeContent } from './compose-file.ts'
import { withLine } from './refusal-line.ts'

export type AppCheck = ReturnType<typeof createAppCheck>

/** Everything that can be known of a Compose file before anything starts. Docker must be there: an app cannot be promised without it. */
export function createAppCheck(deps: { engine: Engine; compose: ComposeCli; files: AppFiles }) {
  return {
    /**
     * Has Compose read the content as the app's file, in the folder of the app.
     * @throws INVALID_INPUT on field `composeContent`, DOCKER_UNAVAILABLE
     */
    async content(name: string, content: string): Promise<void> {
      const problems = checkComposeContent(content)
      if (problems.length > 0) throw invalidInput(problems)
      await deps.engine.info()
      await deps.compose.version()
      await deps.files
        .withDraft(name, content, (project) => deps.compose.config(project))
        .catch((error: unknown) => {
          if (!(error instanceof AppError) || error.code !== 'INVALID_INPUT') throw error
          throw invalidInput(error.fields.map(({ field, message }) => ({ field, message: withLine(content, message) })))
        })
    },
  }
}
