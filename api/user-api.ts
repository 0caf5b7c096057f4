import type { AppOperation, CreateAppInput, UpdateAppInput } from './apps/app-service.ts'
import type { Operation } from './apps/operation.ts'
import type { RemoveAppInput } from './apps/removal.ts'
import type { RemovalPreview } from './apps/removal-item.ts'
import type { ApiToken } from './auth/api-tokens.ts'
import type { Actor, AuditedAction, AuditEntry, AuditFilter } from './auth/audit-log.ts'
import { callerKey, isAdministrator, may, mayOwnTokens, refusalWords, seesNode, type Caller } from './auth/caller.ts'
import type { Permission, Role } from './auth/permissions.ts'
import type { Session } from './auth/sessions.ts'
import type { KnownUser } from './auth/users.ts'
import type { NodeActions } from './cluster/node-router.ts'
import type { MoveOutcome } from './cluster/primary-move.ts'
import type { InventoryApp, KnownStats } from './cluster/feed/inventory.ts'
import { AppError, notFound } from './errors.ts'
import type { Alarm } from './cluster/health/alarms.ts'
import type { NodeCheck } from './cluster/health/health-checks.ts'
import type { JoinAttempt } from './cluster/joining/join-attempts.ts'
import type { CreateJoinTokenInput, JoinToken, NewJoinToken } from './cluster/joining/join-tokens.ts'
import type { HoldInput } from './cluster/members/node-hold.ts'
import type { RegisterNodeInput, UpdateNodeInput } from './cluster/members/node-input.ts'
import type { NodeUptime } from './cluster/health/status-history.ts'
import type { ClusterNode } from './cluster/members/node-registry.ts'
import type { Services } from './services.ts'
import type { Settings } from './settings/settings-service.ts'

interface ActOptions<T> {
  find?: () => Partial<AuditedAction>
  about?: (result: T) => Partial<AuditedAction>
  around?: (
    actor: Actor,
    action: AuditedAction,
    run: () => Promise<T>,
    about: ((result: T) => Partial<AuditedAction>) | undefined,
  ) => Promise<T>
}

export type UserApi = ReturnType<typeof createUserApi>

/**
 * What one caller can see and do; both GraphQL and REST use it. Reads show only the caller's nodes and what runs on them.
 * Actions check the permission, act and write to the audit log. For a caller, things they are not allowed to see do not exist.
 */
export function createUserApi(services: Services, caller: Caller) {
  const {
    registry,
    inventory,
    router,
    membership,
    checks,
    settings,
    access,
    audit,
    auditedOperations,
    limits,
    joinTokens,
    joinAttempts,
    holds,
    alarms,
  } = services

  function need(permission: Permission): void {
    if (!may(caller, permission)) throw new AppError('FORBIDDEN', refusalWords(caller, permission))
  }

  /**
   * @param find looks up the target of the action for the audit log and throws if it does not exist. It runs after the
   *   permission check, so callers without the permission cannot probe for what exists
   * @param around writes the audit lines. An action that starts an operation passes the one for operations
   * @throws FORBIDDEN, which is written to the audit log; whatever `find` and `run` throw; an error if the audit log cannot be written
   */
  async function act<T>(
    permission: Permission,
    action: AuditedAction,
    run: () => Promise<T>,
    { find, about, around = audit.around }: ActOptions<T> = {},
  ): Promise<T> {
    try {
      need(permission)
    } catch (error) {
      await audit.noteRefusal(caller, action)
      throw error
    }
    const whole = { ...action, ...find?.() }
    await limits.take(permission === 'account.manage' ? 'account' : 'action', callerKey(caller))
    return around(caller, whole, run, about)
  }

  async function deny(action: AuditedAction, why: string): Promise<never> {
    await audit.noteRefusal(caller, action)
    throw new AppError('FORBIDDEN', why)
  }

  async function needTokens(action: AuditedAction): Promise<void> {
    if (!mayOwnTokens(caller)) await deny(action, 'Only people who sign in to this server, and its administrators, can have tokens')
  }

  /** The accounts whose tokens the caller can see and revoke. */
  const tokenOwners = (): string[] => [...new Set([caller.userId ?? [], isAdministrator(caller) ? access.machineId() : []].flat())]

  const seesNodeId = (id: string): boolean => {
    const node = registry.find(id)
    return node !== undefined && seesNode(caller, node.labels)
  }
  const findApp = (id: string): InventoryApp | undefined => {
    const app = inventory.app(id)
    return app && seesNodeId(app.nodeId) ? app : undefined
  }
  const findOperation = (id: string): Operation | undefined => {
    const operation = inventory.operation(id)
    return operation && seesNodeId(operation.nodeId) ? operation : undefined
  }
  const appFor = (id: string): InventoryApp => {
    const app = findApp(id)
    if (!app) throw notFound('app', id)
    return app
  }
  const changeApp = (action: string, id: string, run: () => Promise<AppOperation>, words = ''): Promise<AppOperation> =>
    act('app.change', { action, appId: id }, run, {
      around: auditedOperations.around,
      find() {
        const { nodeId, name } = appFor(id)
        return { nodeId, subject: `${name}${words}` }
      },
    })
  const nodeFor = (id: string): ClusterNode => {
    const node = registry.find(id)
    if (!node || !seesNode(caller, node.labels)) throw notFound('node', id)
    return node
  }

  const hold = (action: string, id: string, run: () => Promise<ClusterNode>, words?: string | null): Promise<ClusterNode> =>
    act('node.hold', { action, nodeId: id }, run, { find: () => ({ subject: [nodeFor(id).name, words].filter(Boolean).join(': ') }) })

  return {
    caller,
    selfId: services.self.id,
    need,
    seesNodeId,

    nodes: (): ClusterNode[] => registry.list().filter((node) => seesNode(caller, node.labels)),
    findNode: (id: string): ClusterNode | undefined => (seesNodeId(id) ? registry.find(id) : undefined),
    node: nodeFor,
    alarms: (): Alarm[] => alarms.list({ counts: caller.nodeLimit === null }).filter(({ nodeId }) => nodeId === null || seesNodeId(nodeId)),
    apps: (): InventoryApp[] => inventory.apps().filter((app) => seesNodeId(app.nodeId)),
    findApp,
    app: appFor,
    operations: (): Operation[] => inventory.operations().filter((operation) => seesNodeId(operation.nodeId)),
    operationsOf: (appId: string): Operation[] => inventory.operationsOf(appId).filter((operation) => seesNodeId(operation.nodeId)),
    findOperation,
    uptimeOf: (nodeId: string): NodeUptime => services.history.uptimeOf(nodeId),
    statsOf: (nodeId: string): KnownStats =>
      seesNodeId(nodeId) ? inventory.statsOf(nodeId) : { nodeId, state: 'error', error: `There is no node with id ${nodeId}`, stats: null },
    settings(): Settings {
      need('settings.read')
      return settings.masked()
    },

    registerNode: (input: RegisterNodeInput): Promise<ClusterNode> =>
      act('node.change', { action: 'node.register', nodeId: input.id, subject: input.name }, () => membership.register(input)),
    updateNode(id: string, input: UpdateNodeInput): Promise<ClusterNode> {
      const changed = Object.entries(input).filter(([, value]) => value !== undefined && value !== null)
      const find = () => ({ subject: `${nodeFor(id).name}: ${changed.map(([field]) => field).join(', ')}` })
      return act('node.change', { action: 'node.update', nodeId: id }, () => membership.update(id, input), { find })
    },
    removeNode: (id: string): Promise<void> =>
      act('node.change', { action: 'node.remove', nodeId: id }, () => membership.remove(id), {
        find: () => ({ subject: nodeFor(id).name }),
      }),
    rotateNodeKey: (id: string): Promise<ClusterNode> =>
      act('node.change', { action: 'node.rotate-key', nodeId: id }, () => services.keyChanges.rotate(id), {
        find: () => ({ subject: nodeFor(id).name }),
      }),
    changePrimaryUrl: (url: string): Promise<MoveOutcome[]> =>
      act('node.change', { action: 'cluster.primary-url', subject: url.slice(0, 200) }, async () => {
        if (!services.self.isPrimary) throw new AppError('FORBIDDEN', "This is a secondary. Change the primary's URL on the primary")
        const primaryUrl = services.tellPrimaryMoved.parse(url)
        await settings.update({ primaryUrl })
        return services.tellPrimaryMoved.tell(primaryUrl)
      }),
    checkNode: (id: string): Promise<NodeCheck> =>
      act('node.check', { action: 'node.check', nodeId: id }, () => checks.checkNow(id), { find: () => ({ subject: nodeFor(id).name }) }),

    cordonNode: (id: string, reason?: string | null) => hold('node.cordon', id, () => holds.cordon(id, caller.name, reason), reason),
    uncordonNode: (id: string) => hold('node.uncordon', id, () => holds.uncordon(id, caller.name)),
    startMaintenance: (id: string, input: HoldInput) =>
      hold('node.maintenance.start', id, () => holds.startMaintenance(id, caller.name, input), input.reason),
    endMaintenance: (id: string) => hold('node.maintenance.end', id, () => holds.endMaintenance(id, caller.name)),

    joinTokens(): JoinToken[] {
      need('node.change')
      return joinTokens.list()
    },
    joinAttempts(): JoinAttempt[] {
      need('node.change')
      return joinAttempts.list()
    },
    createJoinToken: (input: CreateJoinTokenInput): Promise<NewJoinToken> =>
      act('node.change', { action: 'join-token.create', subject: input.name }, () => joinTokens.create(input, caller.name)),
    revokeJoinToken: async (id: string): Promise<string> =>
      act(
        'node.change',
        { action: 'join-token.revoke', subject: id },
        async () => {
          await joinTokens.revoke(id)
          return id
        },
        { find: () => ({ subject: joinTokens.nameOf(id) ?? id }) },
      ),

    /** The app folders on a node's disk, for callers who are allowed to create apps from them. @throws FORBIDDEN, NOT_FOUND, NODE_UNREACHABLE */
    foldersOf(nodeId: string): Pick<NodeActions, 'folders' | 'composeOnDisk'> {
      need('app.change')
      return router.forNode(nodeFor(nodeId).id, caller.name)
    },
    createApp: (nodeId: string, input: CreateAppInput): Promise<AppOperation> =>
      act(
        'app.change',
        { action: 'app.create', nodeId, subject: input.name },
        async () => router.forNewApp(nodeId, caller.name).createApp(input),
        { find: () => ({ nodeId: nodeFor(nodeId).id }), about: ({ app }) => ({ appId: app.id }), around: auditedOperations.around },
      ),
    updateApp: async (id: string, input: UpdateAppInput) =>
      changeApp('app.update', id, async () => router.forApp(id, caller.name).updateApp({ id, ...input })),
    startApp: async (id: string) => changeApp('app.start', id, async () => router.forApp(id, caller.name).startApp({ id })),
    stopApp: async (id: string) => changeApp('app.stop', id, async () => router.forApp(id, caller.name).stopApp({ id })),
    /** What a removal would delete and keep, for callers who are allowed to remove the app. */
    async removalOf(id: string): Promise<RemovalPreview> {
      need('app.change')
      return router.forApp(appFor(id).id, caller.name).removalOf({ id })
    },
    removeApp: async (id: string, input: RemoveAppInput) =>
      changeApp(
        'app.remove',
        id,
        async () => router.forApp(id, caller.name).removeApp({ id, volumes: input.volumes === true, files: input.files === true }),
        withData(input),
      ),
    cancelOperation: (id: string): Promise<Operation> =>
      act(
        'app.change',
        { action: 'operation.cancel', subject: id },
        async () => router.forOperation(id, caller.name).cancelOperation({ id }),
        {
          find() {
            const operation = findOperation(id)
            if (!operation) throw notFound('operation', id)
            const { nodeId, appId, appName } = operation
            return { nodeId, appId, subject: `${appName ?? ''} ${id}` }
          },
        },
      ),

    sessions: (): Session[] => (caller.userId ? (access.sessions?.listOf(caller.userId) ?? []) : []),
    revokeSession: (id: string): Promise<string> =>
      act('account.manage', { action: 'session.revoke', subject: id.slice(0, 8) }, async () => {
        if (!access.sessions || !caller.userId) throw notFound('session', id)
        await access.sessions.revoke(caller.userId, id)
        return id
      }),
    signOutEverywhere: (): Promise<boolean> =>
      act('account.manage', { action: 'session.revoke-all' }, async () => {
        if (caller.userId) await access.sessions?.revokeAll(caller.userId)
        return true
      }),

    /** The caller's own tokens, followed by the machine account's tokens if the caller is an administrator. */
    apiTokens: async (): Promise<ApiToken[]> => (await Promise.all(tokenOwners().map(access.tokens.listOf))).flat(),
    ownerOf: ({ userId }: ApiToken): string => access.users.find(userId ?? '')?.login ?? '',
    async createApiToken(input: { name: string; scope: Role; expiresInDays: number }): Promise<{ token: ApiToken; secret: string }> {
      const action = { action: 'token.create', subject: `${input.name} (${input.scope})` }
      await needTokens(action)
      const owner = { userId: caller.userId ?? access.machineId(), role: caller.role }
      return act('account.manage', action, () => access.tokens.create(owner, input))
    },
    async revokeApiToken(id: string): Promise<string> {
      const action = { action: 'token.revoke', subject: id }
      await needTokens(action)
      return act('account.manage', action, async () => {
        await access.tokens.revoke(tokenOwners(), id)
        return id
      })
    },

    users(): KnownUser[] {
      need('users.manage')
      return access.users.list()
    },
    removeUser: (id: string): Promise<string> =>
      act('users.manage', { action: 'user.remove', subject: access.users.find(id)?.login ?? id }, async () => {
        await access.users.remove(id)
        return id
      }),

    async audit(filter: AuditFilter, page: { limit: number; before?: number | undefined }): Promise<AuditEntry[]> {
      need('audit.read')
      // A caller who knows that an operation has ended must find its end here.
      await auditedOperations.flush()
      return audit.list(filter, page)
    },
    async auditCount(filter: AuditFilter): Promise<number> {
      need('audit.read')
      return audit.count(filter)
    },

    async updateSettings(input: Parameters<typeof settings.update>[0]): Promise<Settings> {
      const subject = Object.keys(input)
        .filter((key) => input[key as keyof Settings] !== undefined)
        .join(', ')
      await act('settings.change', { action: 'settings.update', subject }, () => settings.update(input))
      return settings.masked()
    },
  }
}

/** The audit log names the data that is removed with an app. */
function withData({ volumes, files }: RemoveAppInput): string {
  const words = [volumes ? 'volumes' : [], files ? 'files' : []].flat()
  return words.length > 0 ? ` with its ${words.join(' and ')}` : ''
}
