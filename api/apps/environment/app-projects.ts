import type { ComposeProject } from '../../docker/engine.types.ts'
import type { AppRow } from '../app.entity.ts'
import type { AppFiles } from '../app-files.ts'
import type { AppVersions } from '../versions/app-versions.ts'
import { findEnv, writeEnv } from './env-on-disk.ts'
import { createMask } from './mask.ts'
import { projectInput, type ProjectInput } from './project-input.ts'

export type AppProjects = ReturnType<typeof createAppProjects>

type Named = Pick<AppRow, 'id' | 'name' | 'version'>

/** This node's apps as projects for Compose. */
export function createAppProjects({ files, versions }: { files: Pick<AppFiles, 'directoryOf' | 'projectOf'>; versions: AppVersions }) {
  async function of(row: Named): Promise<ComposeProject & ProjectInput> {
    const [contents, found] = await Promise.all([versions.contents(row.id, row.version), findEnv(files.directoryOf(row.name))])
    return { ...files.projectOf(row.name), ...projectInput(contents, found) }
  }

  return {
    /** The app as its current version has it. */
    of,

    /** Hides the secrets of an app's current version, and of the one that an operation makes current. */
    async maskOf(row: Named, version: number | undefined): Promise<(text: string) => string> {
      const numbers = new Set([row.version, version ?? row.version])
      // A removal works even when secrets cannot be decrypted. What needs them fails by itself.
      const opened = await Promise.allSettled([...numbers].map((number) => versions.contents(row.id, number)))
      const contents = opened.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
      return createMask(
        contents.flatMap(({ environment }) => environment),
        contents.flatMap((each) => each.files),
      ).text
    },

    /** Writes the app's `.env`, unless someone else's there has variables that the app does not have yet. */
    async writeEnv(row: Named): Promise<void> {
      const directory = files.directoryOf(row.name)
      const [{ environment }, found] = await Promise.all([versions.contents(row.id, row.version), findEnv(directory)])
      const known = new Set(environment.map(({ name }) => name))
      if (found && (found.problems.length > 0 || found.variables.some(({ name }) => !known.has(name)))) return
      await writeEnv(directory, environment)
    },
  }
}
