import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { inspect } from 'node:util'
import type { DockerEndpoint } from './docker-endpoint.ts'

/**
 * The HTTP agent for connections to the Engine. It does not pool them: connecting is cheap, and a pooled connection could lead to
 * an Engine that has gone away. For ssh, docker-modem makes its own agent.
 *
 * docker-modem formats each request, including every connection the agent holds, for a debug log that is off. With a hundred
 * open streams that took 0.4 s of CPU per request, so this agent prints only its name.
 */
export function connectionsTo({ options, name }: DockerEndpoint): HttpAgent {
  const agent = options.protocol === 'https' ? new HttpsAgent() : new HttpAgent()
  return Object.assign(agent, { [inspect.custom]: () => `connections to ${name}` })
}
