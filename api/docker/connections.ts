import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { inspect } from 'node:util'
import type { DockerEndpoint } from './endpoint.ts'

/**
 * What makes the connections to the Engine. It pools none: connecting costs little, and a pooled connection may lead to an
 * Engine that is gone. With ssh docker-modem makes its own.
 *
 * docker-modem puts each request, and with it every connection that the agent holds, into words for a debug log that is off:
 * beside a hundred open streams that took 0.4 s of CPU for each request. So this agent has only a name to tell.
 */
export function connectionsTo({ options, name }: DockerEndpoint): HttpAgent {
  const agent = options.protocol === 'https' ? new HttpsAgent() : new HttpAgent()
  return Object.assign(agent, { [inspect.custom]: () => `connections to ${name}` })
}
