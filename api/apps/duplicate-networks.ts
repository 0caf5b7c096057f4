import type { EngineProjects } from '../docker/engine.types.ts'
import type { OperationRun } from './operation-run.ts'

/**
 * Removes a project's surplus networks of the same name, so one is left of each. They arise when Compose ends while the Engine is
 * still creating a network: the next Compose does not see it yet and creates another. From then on the name is ambiguous, and
 * every start fails. The Engine keeps networks that are in use.
 * @returns whether any was removed
 */
export async function removeDuplicateNetworks(project: string, projects: EngineProjects, run: OperationRun): Promise<boolean> {
  const { networks } = await projects.parts(project)
  let removed = 0
  for (const [, namesakes] of Map.groupBy(networks, ({ name }) => name)) {
    let left = namesakes.length
    for (const { id } of namesakes) {
      if (left > 1 && (await isRemoved(id))) left--
    }
    removed += namesakes.length - left
  }
  return removed > 0

  function isRemoved(id: string): Promise<boolean> {
    return projects.removeNetwork(id, run.signal).then(
      () => true,
      () => false,
    )
  }
}
