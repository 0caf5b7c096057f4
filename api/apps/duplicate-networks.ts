import type { EngineProjects } from '../docker/engine.types.ts'
import type { OperationRun } from './operations.ts'

/**
 * Removes a project's surplus networks of the same name, so one is left of each. They arise when Compose ends while the Engine is
 * still creating a network: the next Compose does not see it yet and creates another. From then on the name is ambiguous, and
 * every start fails. The Engine keeps networks that are in use.
 * @returns whether any was removed
 */
export async function removeDuplicateNetworks(project: string, projects: EngineProjects, run: OperationRun): Promise<boolean> {
  const { networks } = await projects.parts(project)
  const seen = new Set<string>()
  let removed = false
  for (const { id, name } of networks.filter(({ name }) => seen.has(name) || !seen.add(name))) {
    const others = networks.filter((network) => network.name === name && network.id !== id)
    removed = (await removeOneOf([id, ...others.map((network) => network.id)])) || removed
  }
  return removed

  async function removeOneOf(ids: string[]): Promise<boolean> {
    for (const id of ids) {
      const isRemoved = await projects.removeNetwork(id, run.signal).then(
        () => true,
        () => false,
      )
      if (isRemoved) return true
    }
    return false
  }
}
