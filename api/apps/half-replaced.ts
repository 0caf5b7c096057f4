import type { EngineProjects, ProjectContainer } from '../docker/engine.types.ts'
import type { OperationRun } from './operation-run.ts'

/** Compose 2 makes a container's successor under this name, and gives it the real one once the old container is gone. */
const provisional = /^[0-9a-f]{12}_(?<name>.+)$/

/**
 * Puts in order what a Compose that was killed left behind while it replaced containers. The next one takes both for the service's
 * containers, and fails because the successor's provisional name is taken, or runs both. A successor that never started holds nothing:
 * it is removed beside the old container, and gets its name once that is gone, because the old one's unnamed volumes are now only its.
 */
export async function mendHalfReplaced(own: ProjectContainer[], projects: EngineProjects, run: OperationRun): Promise<void> {
  for (const { id, name: given, state } of own) {
    const name = provisional.exec(given)?.groups?.['name']
    if (name === undefined || state !== 'created') continue
    const isOldThere = own.some((each) => each.name === name)
    if (isOldThere) await projects.removeContainer(id, { volumes: false, signal: run.signal })
    else await projects.rename(id, name, run.signal)
    run.line(`Container ${given} was left by an interrupted replacement. ${isOldThere ? 'Removed it' : `Renamed it to ${name}`}`)
  }
}
