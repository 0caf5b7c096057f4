import { bounds } from '../bounds.ts'
import type { EngineNetwork, EngineProjects } from '../docker/engine.types.ts'
import { invalidInput, type FieldError } from '../errors.ts'

/** Docker's rule for names. A Compose file can name no other network as external. */
function checkName(name: string): FieldError[] {
  if (name.length > bounds.network.name) return [wrong(`has ${name.length} characters. The maximum is ${bounds.network.name}`)]
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return []
  return [wrong('can only contain letters, digits, ".", "_" and "-", and must start with a letter or a digit')]
}

const wrong = (message: string): FieldError => ({ field: 'name', message })

/**
 * Makes a network that apps share: the one that a Compose file names as external.
 * @throws INVALID_INPUT, CONFLICT when the name is taken, DOCKER_UNAVAILABLE
 */
export const createNetworks =
  ({ projects }: { projects: Pick<EngineProjects, 'createNetwork'> }) =>
  async (name: string): Promise<EngineNetwork> => {
    const problems = checkName(name)
    if (problems.length > 0) throw invalidInput(problems)
    return projects.createNetwork(name)
  }
