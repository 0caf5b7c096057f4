import { rankOfNode } from '../../../../api/user/trouble.ts'
import type { NodeItem } from '../../graphql/items.ts'
import { byName } from '../shared/format.ts'

const rankOf = ({ status, conditions }: NodeItem): number => rankOfNode({ status, hasConditions: conditions.length > 0 })
const name = (a: NodeItem, b: NodeItem): number => byName(a.name, b.name) || byName(a.id, b.id)

/** By the columns of the list. Without one, what needs attention comes first, then the primary, then by name. */
export const nodeOrders = {
  '': (a: NodeItem, b: NodeItem): number => rankOf(a) - rankOf(b) || Number(b.isPrimary) - Number(a.isPrimary) || name(a, b),
  name,
  version: (a: NodeItem, b: NodeItem): number => byName(a.version ?? '', b.version ?? ''),
  /** The last seen first. */
  seen: (a: NodeItem, b: NodeItem): number => (b.lastSeen ?? '').localeCompare(a.lastSeen ?? ''),
}

/** What a search looks at. The server looks at the same. */
export const wordsOfNode = ({ name: own, apiEndpoint, version, labels }: NodeItem): (string | null | undefined)[] => [
  ...[own, apiEndpoint, version],
  ...labels.map(({ key, value }) => `${key}=${value}`),
]
