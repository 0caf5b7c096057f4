import type { AppStatus } from '../apps/app.ts'
import type { InventoryApp } from '../cluster/feed/inventory.ts'
import { hasLabels, type LabelPair } from '../cluster/members/labels.ts'
import type { ClusterNode } from '../cluster/members/node-registry.ts'
import { isFoundBy } from './found-by.ts'

/** Which apps someone asks for. What is left out does not limit. */
export interface AppCriteria {
  nodeIds?: readonly string[] | null | undefined
  status?: readonly AppStatus[] | null | undefined
  search?: string | null | undefined
  labels?: LabelPair[] | null | undefined
}

/** Which nodes someone asks for. */
export interface NodeCriteria {
  status?: readonly ClusterNode['health']['status'][] | null | undefined
  search?: string | null | undefined
  labels?: LabelPair[] | null | undefined
  cordoned?: boolean | null | undefined
  maintenance?: boolean | null | undefined
}

/** How many of a list have each status. */
export interface StatusCount<Status extends string = string> {
  status: Status
  count: number
}

/** What was found, and how many have each status among those that only the status leaves out. */
export interface Found<T, Status extends string> {
  items: T[]
  counts: StatusCount<Status>[]
}

const labelTexts = (labels: Record<string, string>): string[] => Object.entries(labels).map(([key, value]) => `${key}=${value}`)

/** What a search finds the containers of a node by. */
export const wordsOfPlace = (node: { name: string; labels: Record<string, string> } | undefined): string[] =>
  node ? [node.name, ...labelTexts(node.labels)] : []

function* wordsOfApp(app: InventoryApp, node: ClusterNode | undefined): Iterable<string | number | null | undefined> {
  yield* [app.name, app.description, ...wordsOfPlace(node)]
  for (const { service, image, ports } of app.containers) yield* [service, image, ...ports.map(({ hostPort }) => hostPort)]
}

function withCounts<T, Status extends string>(found: T[], statusOf: (item: T) => Status, wanted: readonly Status[] | null | undefined) {
  const counts = new Map<Status, number>()
  for (const item of found) counts.set(statusOf(item), (counts.get(statusOf(item)) ?? 0) + 1)
  const among = wanted && new Set(wanted)
  return {
    items: among ? found.filter((item) => among.has(statusOf(item))) : found,
    counts: [...counts].map(([status, count]) => ({ status, count })),
  }
}

/** Apps by node, labels of the node, status, and text in the name, description, node, labels, services, images or ports. */
export function appsLike(
  apps: InventoryApp[],
  nodeOf: (id: string) => ClusterNode | undefined,
  { nodeIds, status, search, labels }: AppCriteria,
): Found<InventoryApp, AppStatus> {
  const ids = nodeIds && new Set(nodeIds)
  const nodes = new Map<string, ClusterNode | undefined>()
  // Looked up once for each node, however many apps it has.
  const lookUp = (id: string): ClusterNode | undefined => {
    if (!nodes.has(id)) nodes.set(id, nodeOf(id))
    return nodes.get(id)
  }
  const isMatch = isFoundBy(search)
  const found = apps
    .filter(({ nodeId }) => !ids || ids.has(nodeId))
    .filter(({ nodeId }) => !labels || hasLabels(lookUp(nodeId)?.labels ?? {}, labels))
    .filter((app) => isMatch(() => wordsOfApp(app, lookUp(app.nodeId))))
  return withCounts(found, (app) => app.status, status)
}

/** A yes/no filter. Without a value, everything passes. */
const isWanted = (wanted: boolean | null | undefined, value: boolean): boolean =>
  wanted === null || wanted === undefined || wanted === value

/** Nodes by status, labels, holds, and text in the name, endpoint, version or labels. */
export function nodesLike(
  nodes: ClusterNode[],
  { status, search, labels, cordoned, maintenance }: NodeCriteria,
): Found<ClusterNode, ClusterNode['health']['status']> {
  const isMatch = isFoundBy(search)
  const found = nodes
    .filter((node) => hasLabels(node.labels, labels))
    .filter((node) => isWanted(cordoned, node.cordon !== null) && isWanted(maintenance, node.maintenance !== null))
    .filter((node) => isMatch(() => [node.name, node.apiEndpoint, node.about?.version, ...labelTexts(node.labels)]))
  return withCounts(found, (node) => node.health.status, status)
}
