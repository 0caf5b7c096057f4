import type { EngineProjects, ProjectContainer } from '../docker/engine.types.ts'
import type { OperationRun } from './operation-run.ts'

/** Removes containers, so that the next start makes them again. Their volumes stay. */
export async function makeAgain(projects: EngineProjects, containers: ProjectContainer[], why: string, run: OperationRun): Promise<void> {
  for (const { id, name } of containers) {
    await projects.stop(id, run.signal)
    await projects.removeContainer(id, { volumes: false, signal: run.signal })
    run.line(`Container ${name} is made again, because ${why}`)
  }
}
