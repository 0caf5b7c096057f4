import Docker from 'dockerode'
import type { Clock } from '../clock.ts'
import { connectionsTo } from './connections.ts'
import { withDeadline } from './deadline.ts'
import { dockerEndpoint, dockerUnavailable, type DockerEndpoint } from './endpoint.ts'

/** Long enough for an Engine with hundreds of containers on a busy disk; short enough that a stuck one shows. */
const answerWithinMs = 10_000

export interface EngineClient {
  docker: Docker
  endpoint: DockerEndpoint
  /** Asks something that the Engine answers at once. @throws DOCKER_UNAVAILABLE, whatever went wrong */
  ask<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T>
}

/**
 * @param dockerHost as DOCKER_HOST spells it; without it the environment's, else the usual socket
 * @throws StartError when it is no address
 */
export function createEngineClient(options: { clock: Clock; dockerHost?: string }): EngineClient {
  const endpoint = dockerEndpoint(options.dockerHost ?? process.env.DOCKER_HOST)
  const where = { ...endpoint.options, agent: connectionsTo(endpoint) }
  const docker = new Docker(where)
  return {
    docker,
    endpoint,
    async ask(request) {
      try {
        return await withDeadline({ clock: options.clock, ms: answerWithinMs }, request)
      } catch (error) {
        throw dockerUnavailable(endpoint, error)
      }
    },
  }
}

/** Whether the Engine answered, and with this status. */
export const hasStatus = (error: unknown, status: number): boolean => statusOf(error) === status

/** The status of a refusal by the Engine; undefined when it did not answer. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
