import { isReservedHost, lookupUnreserved } from '../../reserved-addresses.ts'

/** Why a joining node cannot have this endpoint; null if it can. Only an administrator can enter such an address. */
export function joinEndpointProblem(endpoint: string): string | null {
  const host = URL.parse(endpoint)?.hostname ?? ''
  if (!isReservedHost(host)) return null
  return `must be an address at which the node itself answers. ${host} is a link-local, reserved or metadata service address. Set NODE_API_ENDPOINT on the node`
}

/** DNS lookup for nodes that drops addresses no node can have, because a name can be pointed anywhere after its node has joined. */
export const lookupOfNodes = lookupUnreserved('where no node can be')
