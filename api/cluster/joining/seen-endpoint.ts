import { answersById } from '../transport/answers-by-id.ts'
import { joinEndpointProblem } from '../transport/endpoint-guard.ts'
import { isLoopbackUrl } from '../transport/node-address.ts'

/** A joining node, as it describes itself and as its call was seen. */
interface Newcomer {
  id: string
  apiEndpoint: string
  address: string
  isElsewhere: boolean
}

/**
 * The endpoint of a node without NODE_API_ENDPOINT, which calls itself localhost: the address that it called from, if it answers there by
 * its id. Behind NAT another machine may answer, which must never get the node's key.
 *
 * @returns null to keep the node's own endpoint
 */
export async function seenEndpoint(newcomer: Newcomer, answers = answersById): Promise<string | null> {
  const { id, apiEndpoint, address, isElsewhere } = newcomer
  if (!isElsewhere || !isLoopbackUrl(apiEndpoint)) return null
  const port = URL.parse(apiEndpoint)?.port
  const seen = `http://${address.includes(':') ? `[${address}]` : address}${port ? `:${port}` : ''}`
  if (isLoopbackUrl(seen) || joinEndpointProblem(seen) !== null) return null
  return (await answers(seen, id)) ? seen : null
}
