import type { IncomingMessage } from 'node:http'
import { placeOf } from '../auth/rate-limits.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import type { Door } from './door.ts'

/**
 * Authenticates the calling node. Returns null if the credentials are wrong or missing. Missing credentials do not count as a guess.
 *
 * @throws RATE_LIMITED for an address that has guessed too often, CONFLICT for a second machine with a node's identity
 */
export async function authenticateCaller(
  { access, authenticateNode, home, members, self }: Services,
  door: Door,
  request: IncomingMessage,
): Promise<string | null> {
  const header = (name: string): string | undefined => {
    const value = request.headers[name]
    return typeof value === 'string' ? value : undefined
  }
  const nodeId = header('x-node-id')?.trim().toLowerCase()
  const apiKey = header('x-node-api-key')
  const address = door.addressOf(request)
  const callerId = header('authorization') === undefined ? authenticateNode({ nodeId, apiKey }) : null
  if (callerId === null) {
    // Only wrong keys count, so guessing a node's key does not lock the node out, even from the same address.
    if (nodeId && apiKey) await access.limits.take('node-credentials', `${placeOf(address)} ${nodeId.slice(0, 64)}`)
    return null
  }
  const instanceId = header('x-node-instance')
  if (self.isPrimary && callerId !== self.id && instanceId) {
    const machine = { instanceId: instanceId.slice(0, 64), hostname: decoded(header('x-node-host')), address }
    if (!members.clones.heard(callerId, machine))
      throw new AppError(
        'CONFLICT',
        'Another machine uses the identity of this node. Remove identity.json from the data folder of the copy',
      )
  }
  home.events.emit('authenticated', callerId)
  return callerId
}

function decoded(text = ''): string {
  try {
    return decodeURIComponent(text).slice(0, 255)
  } catch {
    return ''
  }
}
