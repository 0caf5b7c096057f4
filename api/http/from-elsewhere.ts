import type { IncomingMessage } from 'node:http'
import { isLoopbackAddress } from '../loopback.ts'

/** Any of these headers shows that a proxy on this machine forwarded someone else's request. */
const forwardingHeaders =
  /^(forwarded|via|x-forwarded.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|.*-connecting-ip|.*-client-ip|cf-ray)$/

/** Whether the call seems to come from another machine, over the network or through a proxy. Never used to let anyone in. */
export function isFromElsewhere({ headers, socket }: IncomingMessage): boolean {
  const { remoteAddress = '', localAddress } = socket
  const isForwarded = Object.keys(headers).some((name) => forwardingHeaders.test(name))
  return isForwarded || !(isLoopbackAddress(remoteAddress) || remoteAddress === localAddress)
}
