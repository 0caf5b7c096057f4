import { bounds, cut, tooLong } from '../bounds.ts'
import { errorMessage, invalidInput } from '../errors.ts'
import type { NodeAddress, NodeRegistry } from './members/node-registry.ts'
import { needFor } from './calls/needs.ts'
import { calls } from './node-calls.ts'
import type { NodeClient } from './transport/node-client.ts'

export type PrimaryMove = ReturnType<typeof createPrimaryMove>

export interface MoveOutcome {
  nodeId: string
  nodeName: string
  ok: boolean
  error: string | null
}

/** @throws INVALID_INPUT */
function parsePrimaryUrl(value: string): string {
  const url = URL.parse(value.trim())
  const isGood = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash
  if (!isGood) {
    const message = 'must be an http:// or https:// URL without user, query or fragment, such as https://selfhostly.example.com'
    throw invalidInput([{ field: 'url', message }])
  }
  const problems = tooLong('url', value.trim(), bounds.url)
  if (problems.length > 0) throw invalidInput(problems)
  return value.trim().replace(/\/+$/, '')
}

/**
 * Sends the primary's new URL to every online node. Each node tries the URL before it uses it, and answers why if it does
 * not. A node that is away gets the URL with the settings when it is back.
 */
export function createPrimaryMove(deps: { registry: NodeRegistry; client: NodeClient; addressOf: (nodeId: string) => NodeAddress }) {
  const { registry, client, addressOf } = deps

  async function tellOne(id: string, url: string): Promise<MoveOutcome> {
    const node = registry.get(id)
    const outcome = (error: string | null): MoveOutcome => ({ nodeId: id, nodeName: node.name, ok: error === null, error })
    if (node.health.status !== 'online') return outcome(`is ${node.health.status} and gets the new URL when it is back`)
    try {
      needFor(node, calls.movePrimary, { url })
      const { moved, error } = await client.call(addressOf(id), calls.movePrimary, { url })
      return outcome(moved ? null : cut(error ?? 'gave no reason', bounds.join.failure))
    } catch (error) {
      return outcome(errorMessage(error))
    }
  }

  return {
    parse: parsePrimaryUrl,
    tell: (url: string): Promise<MoveOutcome[]> =>
      Promise.all(
        registry
          .list()
          .filter(({ isPrimary }) => !isPrimary)
          .map(({ id }) => tellOne(id, url)),
      ),
  }
}
