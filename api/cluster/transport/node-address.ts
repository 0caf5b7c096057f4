import type { NodeAddress } from '../members/node-registry.ts'

const isLoopback = (host: string): boolean => /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|::ffff:127\..*)$/i.test(host)

export const isLoopbackUrl = (url: string): boolean => isLoopback(URL.parse(url)?.hostname ?? '')

/** @param calledFrom the address of the node's last call; undefined if it has not called since the start */
export function hostAsSeenFromHere(apiEndpoint: string, calledFrom: string | undefined): string | null {
  const host = URL.parse(apiEndpoint)?.hostname ?? ''
  if (host !== '' && !isLoopback(host)) return host
  if (calledFrom === undefined) return null
  return isLoopback(calledFrom) ? 'localhost' : calledFrom.replace(/^::ffff:/, '')
}

/**
 * A node that was started without NODE_API_ENDPOINT reports localhost as its endpoint, which means this machine here. If its
 * calls come from elsewhere, only its link is used, so its key is not sent to whatever listens on this machine.
 *
 * @param calledFrom the address of its last call; undefined if it has not called since the start
 */
export function addressAsSeenFromHere(address: NodeAddress, calledFrom: string | undefined): NodeAddress {
  const isElsewhere = calledFrom !== undefined && !isLoopback(calledFrom)
  const saysHere = isLoopback(URL.parse(address.apiEndpoint)?.hostname ?? '')
  return address.connection === 'auto' && isElsewhere && saysHere ? { ...address, connection: 'link' } : address
}
