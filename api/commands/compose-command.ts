import { ownCommand } from '../own-command.ts'
import { runCommand, withDatabase } from './command.ts'
import { AppEntity } from '../apps/app.entity.ts'
import { createAppFiles } from '../apps/app-files.ts'
import { createAppProjects } from '../apps/environment/app-projects.ts'
import { createAppVersions } from '../apps/versions/app-versions.ts'
import { openSecrets } from '../auth/secrets.ts'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { runComposeAttached } from '../docker/attached-compose.ts'
import type { ComposeProject } from '../docker/engine.types.ts'
import { StartError } from '../errors.ts'
import { createLog } from '../log.ts'
import { ownConfig } from '../own-config.ts'

const usage = `Use: ${ownCommand('compose', 'APP ARGS')}, for example: ${ownCommand('compose', 'shop logs -f')}`

/**
 * `npm run compose`: runs Compose on an app of this node with all of its variables, secrets included. Requires read access to the data
 * folder. The exit code is that of Compose.
 */
await runCommand(async () => {
  const [name, ...args] = process.argv.slice(2)
  if (name === undefined || name.startsWith('-') || args.length === 0) throw new StartError(usage)
  const config = ownConfig()
  const project = await projectOf(name, config)
  const log = createLog({ level: 'silent' })
  process.exitCode = await runComposeAttached(project, args, { env: process.env, clock: systemClock, log })
  return ''
})

/** The database is closed again before Compose starts, which may run for days (`logs -f`). */
function projectOf(name: string, config: Config): Promise<ComposeProject> {
  return withDatabase(config, async ({ em }) => {
    const rows = await em.fork().find(AppEntity, {}, { fields: ['id', 'name', 'version', 'place'], orderBy: { name: 'asc' } })
    const row = rows.find((each) => each.name === name)
    if (!row) {
      const names = rows.map((each) => each.name).join(', ')
      throw new StartError(`This node has no app named ${JSON.stringify(name)}. ${names ? `It has: ${names}` : 'It has none'}`)
    }
    const files = createAppFiles({ appsDir: config.appsDir })
    files.place(name, row.place)
    if (!files.hasFile(name)) {
      throw new StartError(`${files.directoryOf(name)} has no ${files.fileOf(name)}. Start the app in the dashboard, which writes it again`)
    }
    return createAppProjects({ files, versions: createAppVersions({ em, clock: systemClock, box: openSecrets(config) }) }).of(row)
  })
}
