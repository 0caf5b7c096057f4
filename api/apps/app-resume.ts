import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AppDeploy } from './app-deploy.ts'
import type { AppRow } from './app.entity.ts'
import type { AppFiles } from './app-files.ts'
import type { AppRecords } from './app-records.ts'
import type { ContainerFacts } from './container-facts.ts'
import type { ContainerWatch } from './container-watch.ts'
import type { FileWatch } from './file-watch.ts'
import type { AppWork } from './app-work.ts'
import type { Permissions } from './compose/policy/permissions.ts'
import type { AppVersions } from './versions/app-versions.ts'
import type { Retention } from './versions/retention.ts'
import type { Operations } from './operations.ts'

/** Picks up this node's apps where the previous run, or an earlier version, left them. */
export function createAppResume(deps: {
  files: AppFiles
  disk: FileWatch
  watch: ContainerWatch
  operations: Operations
  work: AppWork
  /** Ends Compose processes that a killed run of the program left. */
  endLeftovers: () => Promise<void>
  records: AppRecords
  versions: AppVersions
  deploy: AppDeploy
  containersOf: (row: AppRow) => ContainerFacts[]
  /** Goes on with what deploys left open. */
  resumeDeploys: () => Promise<void>
  /** An app's wanted services were read again. */
  onResolved: (row: AppRow) => void
  permissions: Pick<Permissions, 'upgrade'>
  retention: Retention
  /** Whether an operation on the app waits or runs. */
  isBusy: (row: AppRow) => boolean
  log: Log
}) {
  const { files, records } = deps
  const stopping = new AbortController()

  async function hideComposeFiles(): Promise<void> {
    for (const { name, composeContent } of records.all()) {
      await files.hideFromOthers(name, composeContent).catch((error: unknown) => {
        const advice = `other users of this machine can read it. As its owner, run: chmod o-rwx '${files.directoryOf(name)}/${files.fileOf(name)}'`
        deps.log.warn({ app: name, error: errorMessage(error) }, `an app's Compose file could not be made private: ${advice}`)
      })
    }
  }

  /** Docker reports only once that someone stopped a container, so this is saved in case the program restarts. */
  function rememberStopped(row: AppRow): void {
    const isAsked = row.desiredState === 'stopped'
    const now = isAsked ? [] : deps.containersOf(row).flatMap(({ id, wasStopped }) => (wasStopped ? id : []))
    if (deps.watch.away() !== null || now.join() === (row.stoppedContainers ?? []).join()) return
    records
      .remember(row, { stoppedContainers: now })
      .catch((error: unknown) => deps.log.error({ err: error, app: row.name }, 'app not saved'))
  }

  return {
    rememberStopped,

    async start(): Promise<void> {
      await files.removeDrafts()
      await Promise.all([records.load(), deps.versions.load()])
      await hideComposeFiles()
      deps.disk.start(records.all().map(({ name }) => name))
      deps.watch.restoreStopped(records.all().flatMap(({ stoppedContainers }) => stoppedContainers ?? []))
      await deps.endLeftovers()
      for (const left of await deps.operations.unfinished()) await deps.work.resume(left)
      deps.resumeDeploys().catch((error: unknown) => deps.log.error({ err: error }, 'deploys not resumed'))
      deps.deploy.resolveUnknown(stopping.signal, deps.onResolved).catch((error: unknown) => {
        if (!stopping.signal.aborted) deps.log.error({ err: error }, "could not read the apps' wanted services")
      })
      void deps.permissions.upgrade(stopping.signal)
      // The limit may be lower than at the last start. A busy app's old versions go when its operation ends.
      for (const row of records.all()) if (!deps.isBusy(row)) await deps.retention.apply(row)
    },

    stop: (): void => stopping.abort(),
  }
}
