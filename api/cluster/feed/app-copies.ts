import pLimit from 'p-limit'
import { z } from 'zod'
import type { AppOperation } from '../../apps/app-service.ts'
import type { AppContents } from '../../apps/versions/version.ts'
import type { Sealing } from '../../apps/versions/sealed-contents.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import { AppError, errorMessage } from '../../errors.ts'
import type { EventHub } from '../../events.ts'
import type { Log } from '../../log.ts'
import { oneAtATimePerKey } from '../../one-at-a-time.ts'
import { backoffMs } from '../../retry.ts'
import type { ViewEvents } from '../../view-events.ts'
import type { ClusterNode } from '../members/cluster-node.ts'
import type { NodeActions } from '../node-router.ts'
import { AppCopyEntity, appCopies, type MadeAgain } from './app-copy.entity.ts'
import { createCopiedVersions } from './copied-versions.ts'
import type { InventoryApp } from './known-apps.ts'
import { createMakingAgain } from './making-again.ts'

/** The name by which other nodes' audit logs know what the primary does by itself. */
const byItself = 'Selfhostly'
/** Soon after a moment of bad luck, and seldom for a node that refuses for long. */
const retries = { firstMs: 5_000, longestMs: 300_000 }

/** A primary that starts copies from all nodes. Its own work goes on meanwhile. */
const atOnce = 8

const secret = z.boolean()
const stored = z.object({
  composeContent: z.string(),
  environment: z.array(z.object({ name: z.string(), value: z.string(), secret })),
  files: z.array(z.object({ path: z.string(), content: z.string(), secret })),
  profiles: z.array(z.string()),
})

export interface CopiesWorld {
  em: EntityManager
  selfId: string
  box: Sealing
  events: EventHub<ViewEvents>
  findNode: (id: string) => ClusterNode | undefined
  findApp: (id: string) => InventoryApp | undefined
  actionsOf: (nodeId: string, by: string) => NodeActions
  forNewApp: (nodeId: string, by: string) => Pick<NodeActions, 'createAgain'>
  clock: Clock
  log: Log
}

export type AppCopies = ReturnType<typeof createAppCopies>

/**
 * A full copy of every other node's apps, kept encrypted by the primary, so that an app of a node that is down can still be looked at and
 * be made again elsewhere.
 */
export function createAppCopies(deps: CopiesWorld) {
  const { em, box, log } = deps
  /** What was copied of each app: its current version, and when the app had changed last. */
  const copied = new Map<string, { version: number; asOf?: number }>()
  const waiting = new Map<string, { failures: number; cancel?: () => void }>()
  const perApp = oneAtATimePerKey()
  const few = pLimit(atOnce)
  const isOnline = (nodeId: string): boolean => deps.findNode(nodeId)?.health.status === 'online'
  const onNode = (nodeId: string): NodeActions => deps.actionsOf(nodeId, byItself)
  const versions = createCopiedVersions({ em, box })
  const making = createMakingAgain({ ...deps, isOnline, onNode, contentsOf, onOwed: soon })

  async function take(app: InventoryApp): Promise<void> {
    const { id, nodeId } = app
    const actions = onNode(nodeId)
    if (copied.get(id)?.version !== app.version) {
      const { version, contents } = await actions.appCopy({ id })
      const sealed = box.seal(JSON.stringify(contents), appCopies.contextOf(id))
      await em.fork().upsert(AppCopyEntity, { appId: id, node: nodeId, version, contents: sealed, madeAgain: making.of(id) })
      copied.set(id, { version })
    }
    await versions.take(id, actions)
    copied.set(id, { version: app.version, asOf: app.updatedAt.getTime() })
  }

  /** Whether the copy lacks something. The verdict on a version changes the app too. */
  function isOld({ id, nodeId, version, updatedAt }: InventoryApp): boolean {
    const copy = copied.get(id)
    return nodeId !== deps.selfId && isOnline(nodeId) && (copy?.version !== version || copy.asOf !== updatedAt.getTime())
  }

  async function follow(id: string): Promise<void> {
    const app = deps.findApp(id)
    if (!app) return
    await making.settle(app)
    if (isOld(app)) await few(() => take(app))
  }

  /** Does what is owed to an app, and tries again what fails. */
  function soon(id: string): void {
    const before = waiting.get(id)
    before?.cancel?.()
    waiting.set(id, { failures: before?.failures ?? 0 })
    perApp
      .run(id, () => follow(id))
      .then(() => waiting.delete(id))
      .catch((error: unknown) => {
        log.debug({ app: deps.findApp(id)?.name, reason: errorMessage(error) }, 'could not copy or stop an app on another node')
        const failures = waiting.get(id)?.failures ?? 0
        const cancel = deps.clock.after(backoffMs(retries, failures), () => soon(id))
        waiting.set(id, { failures: failures + 1, cancel })
      })
  }

  /** Something about an app, or its node, has changed. */
  function see(app: InventoryApp): void {
    const isWaiting = waiting.get(app.id)?.cancel !== undefined
    if (making.isOwed(app) || (isOld(app) && !isWaiting)) soon(app.id)
    making.originalOf(app.id).forEach(soon)
  }

  async function contentsOf(appId: string): Promise<AppContents> {
    const row = await em.fork().findOne(AppCopyEntity, { appId })
    if (!row) throw new AppError('CONFLICT', 'The primary has no full copy of this app, because its node never sent one')
    return stored.parse(JSON.parse(box.open(row.contents, appCopies.contextOf(appId))))
  }

  function forget(id: string): void {
    making.originalOf(id).forEach(soon)
    copied.delete(id)
    making.forget(id)
    waiting.get(id)?.cancel?.()
    waiting.delete(id)
    em.fork().nativeDelete(AppCopyEntity, { appId: id }).catch((error: unknown) => log.error({ err: error }, 'copy of an app not deleted')) // prettier-ignore
  }

  return {
    /** @returns what ends it */
    async start(): Promise<() => void> {
      for (const { appId, version, madeAgain } of await em.fork().find(AppCopyEntity, {})) {
        copied.set(appId, { version })
        if (making.know(appId, madeAgain ?? null)) soon(appId)
      }
      const endings = [deps.events.on('app', see), deps.events.on('appRemoved', ({ id }) => forget(id))]
      return () => {
        for (const end of endings) end()
        for (const { cancel } of waiting.values()) cancel?.()
      }
    },

    /** What is known of an app's versions while its node does not answer. */
    versions,

    /** Where an app was made again; null when it was not. */
    madeAgain: (appId: string): MadeAgain | null => making.of(appId),

    /** @throws CONFLICT while its node is online, without a copy, and if it was made again already; whatever the other node says */
    makeAgain: (app: InventoryApp, targetOf: () => ClusterNode, by: string): Promise<AppOperation> =>
      perApp.run(app.id, () => making.make(app, targetOf, by)),
  }
}
