import { randomUUID } from 'node:crypto'
import type { AppOperation } from '../../apps/app-service.ts'
import type { AppContents } from '../../apps/versions/version.ts'
import { AppError } from '../../errors.ts'
import type { ClusterNode } from '../members/cluster-node.ts'
import type { NodeActions } from '../node-router.ts'
import type { CopiesWorld } from './app-copies.ts'
import { AppCopyEntity, type MadeAgain } from './app-copy.entity.ts'
import type { InventoryApp } from './known-apps.ts'

/** How long a node may still be at work on a request whose sender is gone. */
const mayStillComeMs = 120_000

/**
 * Makes an app of a node that is down again on another node. When its own node returns, the app is stopped there once, as soon as it is
 * known to run on the other: what does not run elsewhere is never stopped. Whoever starts it then decides so.
 */
export function createMakingAgain(
  deps: Pick<CopiesWorld, 'em' | 'events' | 'findNode' | 'findApp' | 'forNewApp' | 'clock' | 'log'> & {
    isOnline: (nodeId: string) => boolean
    onNode: (nodeId: string) => NodeActions
    contentsOf: (appId: string) => Promise<AppContents>
    /** There is something to settle. */
    onOwed: (appId: string) => void
  },
) {
  const { findNode, findApp, isOnline } = deps
  const known = new Map<string, MadeAgain>()
  /** The app that each was made of. */
  const originals = new Map<string, string>()
  const nameOf = (nodeId: string): string => findNode(nodeId)?.name ?? 'another node'
  const now = (): string => deps.clock.now().toISOString()

  /** @returns whether there is something to settle */
  function know(appId: string, made: MadeAgain | null): boolean {
    const before = known.get(appId)
    if (before) originals.delete(before.appId)
    if (made) originals.set(made.appId, appId)
    if (made) known.set(appId, made)
    else known.delete(appId)
    return made?.outcome === 'asked' || made?.stoppedAt === null
  }

  async function remember(appId: string, madeAgain: MadeAgain | null): Promise<void> {
    await deps.em.fork().nativeUpdate(AppCopyEntity, { appId }, { madeAgain })
    know(appId, madeAgain)
    const app = findApp(appId)
    if (app) deps.events.emit('app', app)
  }

  const isThere = async ({ nodeId, appId }: MadeAgain): Promise<boolean> =>
    deps
      .onNode(nodeId)
      .getApp({ id: appId })
      .then(() => true)
      .catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'NOT_FOUND') return false
        throw error
      })

  /** The answer was lost, or this program ended while it waited. @throws while it cannot be known */
  async function findOut(id: string, made: MadeAgain): Promise<void> {
    if (!findNode(made.nodeId)) return remember(id, null)
    if (await isThere(made)) return remember(id, { ...made, outcome: 'made' })
    if (deps.clock.now().getTime() - Date.parse(made.at) < mayStillComeMs) throw new Error('the node may still be at work on it')
    deps.log.warn({ app: findApp(id)?.name, node: nameOf(made.nodeId) }, 'an app was not made again: the node never began')
    await remember(id, { ...made, outcome: 'failed' })
  }

  function runsThere({ nodeId, appId }: MadeAgain): boolean {
    const app = findApp(appId)
    return isOnline(nodeId) && app?.desiredState === 'running' && (app.status === 'running' || app.status === 'degraded')
  }

  async function make(app: InventoryApp, targetOf: () => ClusterNode, by: string): Promise<AppOperation> {
    const node = nameOf(app.nodeId)
    if (isOnline(app.nodeId)) throw conflict(`${node} is online. An app is made again elsewhere only while its node is down`)
    const before = known.get(app.id)
    if (before?.outcome === 'made' && findApp(before.appId))
      throw conflict(`${app.name} was made again on ${nameOf(before.nodeId)} already`)
    const target = targetOf()
    const isOpen = before?.outcome === 'asked'
    if (isOpen && before.nodeId !== target.id) {
      throw conflict(
        `${nameOf(before.nodeId)} may have begun to make ${app.name} again. Choose that node, or wait until it says whether it has`,
      )
    }
    const { composeContent, ...contents } = await deps.contentsOf(app.id)
    const { name, description, allowances, version } = app
    const reason = `Made again from version ${version} on ${node}`
    // The same id as before, so that what has begun already is found and not made twice.
    const id = isOpen ? before.appId : randomUUID()
    const asked: MadeAgain = { nodeId: target.id, appId: id, outcome: 'asked', by, at: now(), stoppedAt: null }
    // First, so that it is known whatever happens to this program now.
    await remember(app.id, asked)
    try {
      const input = { id, name, description, composeContent, ...contents, reason, allowances }
      const made = await deps.forNewApp(target.id, by).createAgain(input)
      await remember(app.id, { ...asked, outcome: 'made' })
      return made
    } catch (error) {
      if (error instanceof AppError && error.isOutcomeUnknown) deps.onOwed(app.id)
      else await remember(app.id, before ?? null)
      throw error
    }
  }

  return {
    know,
    make,
    of: (appId: string): MadeAgain | null => known.get(appId) ?? null,
    /** The app that this one was made of, if that is not stopped yet. */
    originalOf(appId: string): string[] {
      const original = originals.get(appId)
      return original !== undefined && known.get(original)?.stoppedAt === null ? [original] : []
    },
    /** Whether it is time to settle something. */
    isOwed({ id, nodeId }: InventoryApp): boolean {
      const made = known.get(id)
      return made?.outcome === 'made' && made.stoppedAt === null && isOnline(nodeId) && runsThere(made)
    },
    forget(appId: string): void {
      know(appId, null)
    },

    /** Finds out what is not known, and stops what runs twice. @throws what is worth another try */
    async settle({ id, nodeId, name }: InventoryApp): Promise<void> {
      const asked = known.get(id)
      if (asked?.outcome === 'asked') await findOut(id, asked)
      const made = known.get(id)
      if (made?.outcome !== 'made' || made.stoppedAt !== null || !isOnline(nodeId)) return
      // Someone removed it again, so this is the only one.
      if (isOnline(made.nodeId) && !findApp(made.appId) && !(await isThere(made))) return remember(id, null)
      if (!runsThere(made)) return
      await deps.onNode(nodeId).stopApp({ id })
      deps.log.warn({ app: name, node: nameOf(nodeId) }, 'stopped an app that was made again on another node')
      await remember(id, { ...made, stoppedAt: now() })
    },
  }
}

const conflict = (message: string): AppError => new AppError('CONFLICT', message)
