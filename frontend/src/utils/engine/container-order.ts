import { rankOfContainer } from '../../../../api/user/trouble.ts'
import type { NodeContainerItem } from '../../graphql/items.ts'
import { byName } from '../shared/format.ts'

const name = (a: NodeContainerItem, b: NodeContainerItem): number => byName(a.name, b.name) || byName(a.id, b.id)

/** Without one, what needs attention comes first. */
export const containerOrders = {
  '': (a: NodeContainerItem, b: NodeContainerItem): number => rankOfContainer(a) - rankOfContainer(b) || name(a, b),
  name,
  image: (a: NodeContainerItem, b: NodeContainerItem): number => byName(a.image, b.image),
  /** The last started first. */
  started: (a: NodeContainerItem, b: NodeContainerItem): number => (b.startedAt ?? '').localeCompare(a.startedAt ?? ''),
}

/** What a search looks at, besides the node. The server looks at the same. */
export const wordsOfContainer = (container: NodeContainerItem): (string | number | null | undefined)[] => [
  ...[container.name, container.image, container.project, container.appName],
  ...container.ports.map(({ hostPort }) => hostPort),
]
