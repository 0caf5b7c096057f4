import type { NodeAddress } from '../nodes/node-registry.ts'

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|::ffff:127\..*)$/i.test(host)

/**
 * A node that was started without NODE_API_ENDPOINT says that it is at localhost, which here is this machine: when its calls come
 * from elsewhere only its link leads to it, and its key is not shown to whatever listens here.
 *
 * @param calledFrom where its last call came from; undefined when it has not called since the start
 */
export function addressAsSeenFromHere(address: NodeAddress, calledFrom: string | undefined): NodeAddress {
  const isElsewhere = calledFrom !== undefined && !isLoopback(calledFrom)
  const saysHere = isLoopback(URL.parse(address.apiEndpoint)?.hostname ?? '')
  return address.connection === 'auto' && isElsewhere && saysHere ? { ...address, connection: 'link' } : address
}
