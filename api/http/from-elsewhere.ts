import type { IncomingMessage } from 'node:http'
import { isLoopbackAddress } from '../loopback.ts'

/** Any of these says that somebody else's request came through a proxy on this machine. */
const forwardingHeaders =
  /^(forwarded|via|x-forwarded.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|.*-connecting-ip|.*-client-ip|cf-ray)$/

/** Another machine is calling, as far as that can be told: over the network, or through a proxy. Nobody is let in by this. */
export function isFromElsewhere({ headers, socket }: IncomingMessage): boolean {
  const { remoteAddress = '', localAddress } = socket
  const isForwarded = Object.keys(headers).some((name) => forwardingHeaders.test(name))
  return isForwarded || !(isLoopbackAddress(remoteAddress) || remoteAddress === localAddress)
}
