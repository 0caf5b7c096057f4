import type { App, AppStatus } from '../../apps/app.ts'
import { bounds, cut } from '../../bounds.ts'
import { createMemoryShares } from '../limits/memory-share.ts'
import type { ClusterNode } from '../members/cluster-node.ts'
import { statusInWords } from '../members/status-words.ts'

/** An app on any node, as far as this primary knows it. */
export interface InventoryApp extends App {
  /** Its status when its node was last heard. Equals `status` while the node is online. */
  lastKnownStatus: AppStatus | null
}

/** Memory limit per node, in characters: enough for a thousand apps, or a hundred with the largest Compose files. */
const share = { mostThings: 1000, mostWeight: 32 * 2 ** 20 }
const containerWeight = 1000

/** The apps of every node, within a limit per node. Apps on a node that is not online are `unknown`. */
export function createKnownApps(deps: {
  findNode: (id: string) => ClusterNode | undefined
  /** When anything, even a keepalive, last arrived over a node's session; null if nothing has yet. */
  heardAt: (nodeId: string) => Date | null
  /** Called for each app with whether it fits within the node's limit. */
  onRoom: (nodeId: string, app: { id: string; name: string }, hasRoom: boolean) => void
  onApp: (app: InventoryApp) => void
  onAppRemoved: (id: string, nodeId: string) => void
}) {
  const { findNode } = deps
  const apps = new Map<string, InventoryApp>()
  const shares = createMemoryShares(share)
  /** Ids of what has changed since it was last saved. */
  const dirty = new Set<string>()

  /** A node reports every change, so its last report held until it was last heard. If it did not know the status itself, its own time counts. */
  function lastTrue({ nodeId, status, asOf }: App, node: ClusterNode | undefined): Date {
    if (status === 'unknown') return asOf
    const heardAt = deps.heardAt(nodeId) ?? node?.health.lastSeen ?? asOf
    return heardAt > asOf ? heardAt : asOf
  }

  function view(app: InventoryApp): InventoryApp {
    const node = findNode(app.nodeId)
    const asOf = lastTrue(app, node)
    if (!node || node.health.status === 'online') return { ...app, asOf }
    const statusReason = statusInWords(node)
    return { ...app, asOf, status: 'unknown', statusReason, autoUpdate: heldByNode(app, node) }
  }

  function put(nodeId: string, app: App): void {
    const known = apps.get(app.id)
    const weight = weightOfApp(app)
    const hasRoom = shares.fits(nodeId, app.id, weight)
    deps.onRoom(nodeId, app, hasRoom)
    if (!hasRoom) return
    shares.put(nodeId, app.id, weight)
    const lastKnownStatus = app.status === 'unknown' ? (known?.lastKnownStatus ?? null) : app.status
    const entry = { ...app, lastKnownStatus }
    apps.set(app.id, entry)
    dirty.add(app.id)
    deps.onApp(view(entry))
  }

  function drop(nodeId: string, id: string): void {
    deps.onRoom(nodeId, { id, name: '' }, true)
    if (apps.get(id)?.nodeId !== nodeId) return
    apps.delete(id)
    shares.remove(nodeId, id)
    dirty.add(id)
    deps.onAppRemoved(id, nodeId)
  }

  const idsOf = (nodeId: string): string[] => [...apps.values()].filter((app) => app.nodeId === nodeId).map(({ id }) => id)

  return {
    dirty,
    put,
    drop,
    idsOf,

    /** Takes over an app that was saved. */
    restore(app: InventoryApp): void {
      shares.put(app.nodeId, app.id, weightOfApp(app))
      apps.set(app.id, app)
    },

    dropNode(nodeId: string): void {
      for (const id of idsOf(nodeId)) drop(nodeId, id)
      shares.forget(nodeId)
    },

    /** The app as it was last reported. */
    reported: (id: string): InventoryApp | undefined => apps.get(id),

    get(id: string): InventoryApp | undefined {
      const app = apps.get(id)
      return app && view(app)
    },

    /** Sorted by name, then by node. */
    list: (): InventoryApp[] =>
      [...apps.values()].map(view).sort((a, b) => a.name.localeCompare(b.name, 'en') || a.nodeId.localeCompare(b.nodeId)),
  }
}

/** The node may well be at it: only this primary cannot see it. */
function heldByNode({ autoUpdate }: App, node: ClusterNode): App['autoUpdate'] {
  const message = cut(`${statusInWords(node)}. If it runs, it updates the app by itself`, bounds.autoUpdate.held)
  return autoUpdate && { ...autoUpdate, held: { reason: 'node-away', message, since: node.health.statusSince, until: null } }
}

const weightOfApp = ({ composeContent, description, statusReason, containers }: App): number =>
  containerWeight * (1 + containers.length) + composeContent.length + (description?.length ?? 0) + (statusReason?.length ?? 0)
