import type { AppDraft, AppOperation } from '../apps/app-service.ts'
import type { AppValidation } from '../apps/compose/validation.ts'
import type { ComposeOnDisk, PreparedFolder } from '../apps/compose-on-disk.ts'
import type { ImportPreview } from '../apps/import/import-input.ts'
import type { FoundProject } from '../apps/import/found-projects.ts'
import type { RemoveAppInput } from '../apps/removal.ts'
import type { RemovalPreview } from '../apps/removal-item.ts'
import { callerKey } from '../auth/caller.ts'
import { allowingWords, appActionCalls, appCalls } from '../cluster/calls/app-calls.ts'
import { AppError } from '../errors.ts'
import type { FileOnDisk } from '../apps/versions/files-on-disk.ts'
import type { AppVersionHead } from '../apps/versions/version.ts'
import { copyCalls } from '../cluster/calls/copy-calls.ts'
import { importCalls } from '../cluster/calls/import-calls.ts'
import { networkCalls } from '../cluster/calls/network-calls.ts'
import { actionsOf, type InputTo } from '../cluster/calls/declared-call.ts'
import type { MadeAgain } from '../cluster/feed/app-copy.entity.ts'
import type { AppCopies } from '../cluster/feed/app-copies.ts'
import type { Inventory, InventoryApp } from '../cluster/feed/inventory.ts'
import type { EngineNetwork } from '../docker/engine.types.ts'
import type { NodeActions, NodeRouter } from '../cluster/node-router.ts'
import type { NewestWins } from '../newest-wins.ts'
import type { Permission } from '../auth/permissions.ts'
import type { Access } from './access.ts'
import { createAppHistory } from './app-history.ts'
import { appsLike, type AppCriteria } from './list-criteria.ts'

/** Declared with the calls that carry them out. The target of `createApp` and `createNetwork` is the node. */
export const appActions = actionsOf({
  createApp: appCalls.createApp,
  createNetwork: networkCalls.createNetwork,
  importApp: importCalls.importApp,
  recreateApp: copyCalls.createAgain,
  setAppSchedules: appCalls.setAppSchedules,
  setAutoUpdate: appCalls.setAutoUpdate,
  ...appActionCalls,
})

type AppActionName = keyof typeof appActionCalls

/** The apps on the nodes that a caller sees, and what the caller can do with them. */
export function createUserApps(deps: { access: Access; inventory: Inventory; router: NodeRouter; copies: AppCopies; newest: NewestWins }) {
  const { access, inventory, router, copies } = deps
  const { need, sight, start } = access
  const { name: caller } = access.caller
  const list = (): InventoryApp[] => inventory.apps().filter(({ nodeId }) => sight.sees(nodeId))
  /** Calls the node that runs the app, or says why it cannot be called. */
  const on = (id: string): NodeActions => router.forApp(id, caller)

  function folders(nodeId: string): NodeActions {
    need('app.change')
    return router.forNode(sight.node(nodeId).id, caller)
  }

  const history = createAppHistory({ sight, on, copies })

  /** Takes an action on an app, on the node that runs it. */
  function act<Name extends AppActionName>(
    name: Name,
    input: InputTo<(typeof appActionCalls)[Name]>,
    more: { words?: string; also?: Permission | undefined } = {},
  ): Promise<AppOperation> {
    return start(appActions[name], { id: input.id, ...more }, async () => on(input.id)[name](input as never))
  }
  const actions = Object.fromEntries(
    Object.keys(appActionCalls).map((name) => [name, (input: never) => act(name as AppActionName, input)]),
  ) as Pick<NodeActions, AppActionName>

  return {
    list,
    /** Those that match, and how many have each status. */
    like: (wanted: AppCriteria) => appsLike(list(), sight.findNode, wanted),
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
    /** Folders on a node's disk that can become apps, for callers who are allowed to create apps. @throws FORBIDDEN, NOT_FOUND, NODE_UNREACHABLE */
    preparedFolders: async (nodeId: string): Promise<PreparedFolder[]> => folders(nodeId).folders({}),
    /** Compose projects on a node that are not apps yet. @throws FORBIDDEN, NOT_FOUND, NODE_UNREACHABLE */
    composeProjects: async (nodeId: string): Promise<FoundProject[]> => folders(nodeId).composeProjects({}),
    /** The Compose file in such a folder, or in an app's. @throws FORBIDDEN, NOT_FOUND, NODE_UNREACHABLE */
    composeOnDisk: async (nodeId: string, name: string): Promise<ComposeOnDisk | null> => folders(nodeId).composeOnDisk({ name }),

    /**
     * Checks a draft, for callers who are allowed to save it. A caller's newer check of the same draft ends the older one.
     * @throws FORBIDDEN, NOT_FOUND, NODE_UNREACHABLE, CONFLICT when a newer one replaced this one
     */
    async validateApp(nodeId: string, draft: AppDraft, signal?: AbortSignal): Promise<AppValidation> {
      need('app.change')
      if ((draft.allow ?? []).length > 0) need('app.allow')
      const node = sight.node(nodeId)
      if (draft.appId) sight.app(draft.appId)
      const key = `${callerKey(access.caller)} ${node.id} ${draft.appId ?? draft.name}`
      return deps.newest(key, signal, (ends) => router.forNode(node.id, caller).validateApp(draft, { signal: ends }))
    },
    ...history,
    /** Null if the app has no such version. @throws NODE_UNREACHABLE */
    findVersion: (id: string, number: number): Promise<AppVersionHead | null> =>
      history.appVersion(id, number).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'NOT_FOUND') return null
        throw error
      }),
    /** The files of an app that were changed on disk, for callers who may decide about them. @throws FORBIDDEN, NOT_FOUND, NODE_UNREACHABLE */
    async changedFiles(id: string): Promise<FileOnDisk[]> {
      need('app.change')
      return on(sight.app(id).id).changedFiles({ id })
    },

    /** Makes a network that a Compose file names as external. @throws FORBIDDEN, NOT_FOUND, NODE_UNREACHABLE, INVALID_INPUT, CONFLICT */
    createNetwork: (nodeId: string, name: string): Promise<EngineNetwork> =>
      access.act(appActions.createNetwork, { id: nodeId, words: ` network ${name}` }, async () =>
        router.forNode(nodeId, caller).createNetwork({ name }),
      ),

    createApp: (nodeId: string, input: InputTo<typeof appCalls.createApp>): Promise<AppOperation> =>
      start(
        appActions.createApp,
        { id: nodeId, subject: input.name, ...allowing(input) },
        async () => router.forNewApp(nodeId, caller).createApp(input),
        ({ app }) => ({ appId: app.id }),
      ),
    /** Makes an app of a node that is down again on another one, from the primary's copy. @throws CONFLICT, NOT_FOUND, NODE_UNREACHABLE */
    recreateApp: (id: string, nodeId: string): Promise<AppOperation> =>
      start(
        appActions.recreateApp,
        { id, words: ` on ${sight.findNode(nodeId)?.name ?? nodeId}` },
        async () => copies.makeAgain(sight.app(id), () => sight.node(nodeId), caller),
        ({ app }) => ({ nodeId: app.nodeId, appId: app.id }),
      ),
    /** Where an app was made again, for callers who see that node. */
    madeAgain(id: string): MadeAgain | null {
      const made = copies.madeAgain(id)
      return made && sight.sees(made.nodeId) ? made : null
    },
    /** Makes an app of a Compose project that runs on a node. */
    importApp: (nodeId: string, input: InputTo<typeof importCalls.importApp>): Promise<AppOperation> =>
      start(
        appActions.importApp,
        { id: nodeId, subject: input.project, ...allowing(input) },
        async () => router.forNode(nodeId, caller).importApp(input),
        ({ app }) => ({ appId: app.id }),
      ),
    /** What that would make, for callers who are allowed to. @throws FORBIDDEN, NOT_FOUND, NODE_UNREACHABLE, INVALID_INPUT, CONFLICT */
    async importPreview(nodeId: string, input: InputTo<typeof importCalls.importPreview>): Promise<ImportPreview> {
      need('app.allow')
      return router.forNode(sight.node(nodeId).id, caller).importPreview(input)
    },
    ...actions,
    updateApp: (input: InputTo<typeof appActionCalls.updateApp>) => act('updateApp', input, allowing(input)),
    /** Replaces the app's schedules. */
    setAppSchedules: (input: InputTo<typeof appCalls.setAppSchedules>): Promise<InventoryApp> =>
      access.act(appActions.setAppSchedules, { id: input.id }, async () => {
        const app = await on(input.id).setAppSchedules(input)
        return { ...app, lastKnownStatus: app.status }
      }),
    /** When the app's images are updated by themselves. */
    setAutoUpdate: (input: InputTo<typeof appCalls.setAutoUpdate>): Promise<InventoryApp> =>
      access.act(appActions.setAutoUpdate, { id: input.id }, async () => {
        const app = await on(input.id).setAutoUpdate(input)
        return { ...app, lastKnownStatus: app.status }
      }),
    pullAndUpdateApp: ({ id }: { id: string }) => act('updateApp', { id, pull: true }),
    removeApp: (input: InputTo<typeof appActionCalls.removeApp>) => act('removeApp', input, { words: withData(input) }),
  }
}

/** What it takes to allow more than the safety policy does. */
const allowing = (input: { allow?: readonly string[] | null | undefined }) => ({
  words: allowingWords(input),
  also: (input.allow ?? []).length > 0 ? ('app.allow' as const) : undefined,
})

/** The audit log names the data that is removed with an app. */
function withData({ volumes, files }: RemoveAppInput): string {
  const words = [volumes ? 'volumes' : [], files ? 'files' : []].flat()
  return words.length > 0 ? ` with its ${words.join(' and ')}` : ''
}
