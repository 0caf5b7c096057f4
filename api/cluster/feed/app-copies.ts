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
import type { ViewEvents } from '../../view-events.ts'
import type { ClusterNode } from '../members/cluster-node.ts'
import type { NodeActions } from '../node-router.ts'
import { AppCopyEntity, appCopies, type MadeAgain } from './app-copy.entity.ts'
import type { InventoryApp } from './known-apps.ts'

/** The name by which other nodes' audit logs know what the primary does by itself. */
const byItself = 'Selfhostly'

const secret = z.boolean()
const stored = z.object({
  composeContent: z.string(),
  environment: z.array(z.object({ name: z.string(), value: z.string(), secret })),
  files: z.array(z.object({ path: z.string(), content: z.string(), secret })),
  profiles: z.array(z.string()),
})

interface Known {
  version: number
  madeAgain: MadeAgain | null
}

export type AppCopies = ReturnType<typeof createAppCopies>

/**
 * A full copy of every other node's apps, kept encrypted by the primary, so that an app of a node that is down can be made again
 * elsewhere. When that node returns, the app is stopped there once, so that it does not run twice. Whoever starts it then decides so.
 */
export function createAppCopies(deps: {
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
}) {
  const { em, box, log } = deps
  const known = new Map<string, Known>()
  const perApp = oneAtATimePerKey()
  const isOnline = (nodeId: string): boolean => deps.findNode(nodeId)?.health.status === 'online'

  async function take({ id, nodeId }: InventoryApp): Promise<void> {
    const { version, contents } = await deps.actionsOf(nodeId, byItself).appCopy({ id })
    const sealed = box.seal(JSON.stringify(contents), appCopies.contextOf(id))
    const madeAgain = known.get(id)?.madeAgain ?? null
    await em.fork().upsert(AppCopyEntity, { appId: id, node: nodeId, version, contents: sealed, madeAgain })
    known.set(id, { version, madeAgain })
  }

  async function remember(appId: string, madeAgain: MadeAgain | null): Promise<void> {
    await em.fork().nativeUpdate(AppCopyEntity, { appId }, { madeAgain })
    const copy = known.get(appId)
    if (copy) known.set(appId, { ...copy, madeAgain })
    const app = deps.findApp(appId)
    if (app) deps.events.emit('app', app)
  }

  /** Its node has returned. */
  async function stopThere({ id, nodeId, name }: InventoryApp, madeAgain: MadeAgain): Promise<void> {
    await deps.actionsOf(nodeId, byItself).stopApp({ id })
    log.warn({ app: name, node: deps.findNode(nodeId)?.name }, 'stopped an app that was made again on another node')
    await remember(id, { ...madeAgain, stoppedAt: deps.clock.now().toISOString() })
  }

  async function follow(id: string): Promise<void> {
    const app = deps.findApp(id)
    if (!app || !isOnline(app.nodeId)) return
    const owed = known.get(id)?.madeAgain
    if (owed?.stoppedAt === null) await stopThere(app, owed)
    if (known.get(id)?.version !== app.version) await take(app)
  }

  /** Something about an app, or its node, has changed. What fails is tried again with the next change. */
  function see({ id, nodeId, version, name }: InventoryApp): void {
    const copy = known.get(id)
    const isOwed = copy?.madeAgain?.stoppedAt === null
    if (nodeId === deps.selfId || !isOnline(nodeId) || (copy?.version === version && !isOwed)) return
    perApp
      .run(id, () => follow(id))
      .catch((error: unknown) => log.debug({ app: name, reason: errorMessage(error) }, 'could not copy or stop an app on another node'))
  }

  async function contentsOf(appId: string): Promise<AppContents> {
    const row = await em.fork().findOne(AppCopyEntity, { appId })
    if (!row) throw new AppError('CONFLICT', 'The primary has no full copy of this app, because its node never sent one')
    return stored.parse(JSON.parse(box.open(row.contents, appCopies.contextOf(appId))))
  }

  return {
    /** @returns what ends it */
    async start(): Promise<() => void> {
      for (const { appId, version, madeAgain } of await em.fork().find(AppCopyEntity, {})) {
        known.set(appId, { version, madeAgain: madeAgain ?? null })
      }
      const endings = [
        deps.events.on('app', see),
        deps.events.on('appRemoved', ({ id }) => {
          known.delete(id)
          em.fork().nativeDelete(AppCopyEntity, { appId: id }).catch((error: unknown) => log.error({ err: error }, 'copy of an app not deleted')) // prettier-ignore
        }),
      ]
      return () => endings.forEach((end) => end())
    },

    /** Where an app was made again; null when it was not. */
    madeAgain: (appId: string): MadeAgain | null => known.get(appId)?.madeAgain ?? null,

    /** @throws CONFLICT while its node is online, without a copy, and if it was made again already; whatever the other node says */
    async makeAgain(app: InventoryApp, targetOf: () => ClusterNode, by: string): Promise<AppOperation> {
      const node = deps.findNode(app.nodeId)
      if (isOnline(app.nodeId)) {
        throw new AppError('CONFLICT', `${node?.name} is online. An app is made again elsewhere only while its node is down`)
      }
      const before = known.get(app.id)?.madeAgain
      if (before?.appId && deps.findApp(before.appId)) {
        throw new AppError('CONFLICT', `${app.name} was made again on ${deps.findNode(before.nodeId)?.name ?? 'another node'} already`)
      }
      const target = targetOf()
      const { composeContent, ...contents } = await contentsOf(app.id)
      const { name, description, allowances, version } = app
      const reason = `Made again from version ${version} on ${node?.name}`
      const madeAgain = { nodeId: target.id, appId: null, by, at: deps.clock.now().toISOString(), stoppedAt: null }
      // First, so that it is stopped on its own node whatever happens to this program now.
      await remember(app.id, madeAgain)
      try {
        const made = await deps.forNewApp(target.id, by).createAgain({ name, description, composeContent, ...contents, reason, allowances })
        await remember(app.id, { ...madeAgain, appId: made.app.id })
        return made
      } catch (error) {
        if (!(error instanceof AppError && error.isOutcomeUnknown)) await remember(app.id, before ?? null)
        throw error
      }
    },
  }
}
