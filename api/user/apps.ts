import type { AppOperation, CreateAppInput, UpdateAppInput } from '../apps/app-service.ts'
import type { RemoveAppInput } from '../apps/removal.ts'
import type { RemovalPreview } from '../apps/removal-item.ts'
import type { Inventory, InventoryApp } from '../cluster/feed/inventory.ts'
import type { NodeActions, NodeRouter } from '../cluster/node-router.ts'
import type { Access } from './access.ts'
import type { Action } from './action.ts'

export const appActions = {
  /** Its target is the node that the app is to run on. */
  createApp: { word: 'app.create', permission: 'app.change', on: 'node' },
  updateApp: { word: 'app.update', permission: 'app.change', on: 'app' },
  startApp: { word: 'app.start', permission: 'app.change', on: 'app' },
  stopApp: { word: 'app.stop', permission: 'app.change', on: 'app' },
  removeApp: { word: 'app.remove', permission: 'app.change', on: 'app' },
} as const satisfies Record<string, Action>

/** The apps on the nodes that a caller sees, and what the caller can do with them. */
export function createUserApps({ access, inventory, router }: { access: Access; inventory: Inventory; router: NodeRouter }) {
  const { need, sight, start } = access
  const { name: caller } = access.caller
  const list = (): InventoryApp[] => inventory.apps().filter(({ nodeId }) => sight.sees(nodeId))
  /** Calls the node that runs the app, or says why it cannot be called. */
  const on = (id: string): NodeActions => router.forApp(id, caller)

  return {
    list,
    find: sight.findApp,
    get: sight.app,
    /** Every app, then each change. */
    watch: () => access.watch('app', { now: list, seen: (app) => (sight.sees(app.nodeId) ? app : undefined), keyOf: ({ id }) => id }),
    /** The id of each app when it is removed. */
    watchRemoved: () =>
      access.watch('appRemoved', { seen: ({ id, nodeId }) => (sight.sees(nodeId) ? id : undefined), keyOf: (id: string) => id }),

    /** What a removal would delete and keep, for callers who are allowed to remove the app. */
    async removalOf(id: string): Promise<RemovalPreview> {
      need('app.change')
      return on(sight.app(id).id).removalOf({ id })
    },
    /** The app folders on a node's disk, for callers who are allowed to create apps from them. @throws FORBIDDEN, NOT_FOUND, NODE_UNREACHABLE */
    foldersOf(nodeId: string): Pick<NodeActions, 'folders' | 'composeOnDisk'> {
      need('app.change')
      return router.forNode(sight.node(nodeId).id, caller)
    },

    create: (nodeId: string, input: CreateAppInput): Promise<AppOperation> =>
      start(
        appActions.createApp,
        { id: nodeId, subject: input.name },
        async () => router.forNewApp(nodeId, caller).createApp(input),
        ({ app }) => ({ appId: app.id }),
      ),
    update: (id: string, input: UpdateAppInput) => start(appActions.updateApp, { id }, async () => on(id).updateApp({ id, ...input })),
    start: (id: string) => start(appActions.startApp, { id }, async () => on(id).startApp({ id })),
    stop: (id: string) => start(appActions.stopApp, { id }, async () => on(id).stopApp({ id })),
    remove: (id: string, input: RemoveAppInput) =>
      start(appActions.removeApp, { id, words: withData(input) }, async () =>
        on(id).removeApp({ id, volumes: input.volumes === true, files: input.files === true }),
      ),
  }
}

/** The audit log names the data that is removed with an app. */
function withData({ volumes, files }: RemoveAppInput): string {
  const words = [volumes ? 'volumes' : [], files ? 'files' : []].flat()
  return words.length > 0 ? ` with its ${words.join(' and ')}` : ''
}
