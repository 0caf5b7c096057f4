import Docker, { type ContainerInspectInfo } from 'dockerode'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import { connectionsTo } from './connections.ts'
import { withDeadline } from './deadline.ts'
import { dockerEndpoint, dockerUnavailable, type DockerEndpoint } from './docker-endpoint.ts'

/** Long enough for an Engine with hundreds of containers on a busy disk, short enough to notice a stuck one. */
const answerWithinMs = 10_000

export interface EngineClient {
  docker: Docker
  endpoint: DockerEndpoint
  /** For requests that the Engine answers right away. @throws DOCKER_UNAVAILABLE for any failure */
  ask<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T>
}

/**
 * @param dockerHost in the form of DOCKER_HOST; defaults to DOCKER_HOST from the environment, then to the usual socket
 * @throws StartError when it is not an address
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

/** Ids and names of containers. Anything else would be another path at the Engine. */
const containerName = /^[a-zA-Z0-9][\w.-]*$/

/** What the Engine says of a container; null when there is none. @throws DOCKER_UNAVAILABLE */
export async function inspectContainer({ docker, ask }: EngineClient, id: string): Promise<ContainerInspectInfo | null> {
  if (!containerName.test(id)) return null
  return ask((abortSignal) =>
    docker
      .getContainer(id)
      .inspect({ abortSignal })
      .catch((error: unknown) => {
        if (hasStatus(error, 404)) return null
        throw error
      }),
  )
}

/** Whether the Engine answered with this HTTP status. */
export const hasStatus = (error: unknown, status: number): boolean => statusOf(error) === status

/** The HTTP status of the Engine's refusal; undefined when it did not answer. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined

/**
 * For requests that change something and may take long. Ignores 304 (already done) and 404 (already gone).
 *
 * @throws DOCKER_UNAVAILABLE; CONFLICT with the Engine's own words
 */
export async function changed({ endpoint }: EngineClient, request: Promise<unknown>, ignored = [304, 404]): Promise<void> {
  try {
    await request
  } catch (error) {
    const status = statusOf(error)
    if (status !== undefined && ignored.includes(status)) return
    if (error instanceof Error && error.name === 'AbortError') throw error
    if (status === undefined) throw dockerUnavailable(endpoint, error)
    throw new AppError('CONFLICT', wordsOf(error), { cause: error })
  }
}

/** The result of a request that may take long. @throws as `changed` does */
export async function answered<T>(client: EngineClient, request: Promise<T>): Promise<T> {
  await changed(client, request, [])
  return request
}

/** The Engine's own message, without what dockerode adds about HTTP. */
function wordsOf(error: unknown): string {
  const json: unknown = error instanceof Error && 'json' in error ? error.json : null
  const message = typeof json === 'object' && json !== null && 'message' in json ? json.message : null
  return typeof message === 'string' ? message.trim() : errorMessage(error)
}
