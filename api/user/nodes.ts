import { primaryCalls } from '../cluster/calls/primary-calls.ts'
import type { NodeCondition } from '../cluster/health/conditions.ts'
import type { HealthChecks, NodeCheck } from '../cluster/health/health-checks.ts'
import type { NodeUptime, StatusChange, StatusHistory } from '../cluster/health/status-history.ts'
import type { Keys } from '../cluster/keys/keys.ts'
import type { Membership } from '../cluster/membership.ts'
import type { Holds } from '../cluster/members/holds.ts'
import type { HoldInput } from '../cluster/members/hold-rules.ts'
import type { RegisterNodeInput, UpdateNodeInput } from '../cluster/members/node-input.ts'
import type { ClusterNode, NodeRegistry } from '../cluster/members/node-registry.ts'
import type { Access } from './access.ts'
import type { Action } from '../auth/action.ts'
import { nodesLike, type NodeCriteria } from './list-criteria.ts'

export const nodeActions = {
  registerNode: { word: 'node.register', permission: 'node.change', on: 'new node' },
  updateNode: { word: 'node.update', permission: 'node.change', on: 'node' },
  removeNode: { word: 'node.remove', permission: 'node.change', on: 'node' },
  rotateNodeKey: primaryCalls.takeKey.action,
  checkNode: { word: 'node.check', permission: 'node.check', on: 'node' },
  cordonNode: { word: 'node.cordon', permission: 'node.hold', on: 'node' },
  uncordonNode: { word: 'node.uncordon', permission: 'node.hold', on: 'node' },
  startMaintenance: { word: 'node.maintenance.start', permission: 'node.hold', on: 'node' },
  endMaintenance: { word: 'node.maintenance.end', permission: 'node.hold', on: 'node' },
} as const satisfies Record<string, Action>

/** A node's current session. */
export interface NodeSession {
  transport: 'direct' | 'link'
  generation: number
  since: Date
}

/** The nodes that a caller sees. Details take a node that this API returned, so they need no further check. */
export function createUserNodes(deps: {
  access: Access
  selfId: string
  registry: NodeRegistry
  history: StatusHistory
  membership: Membership
  checks: HealthChecks
  keys: Pick<Keys, 'rotate'>
  holds: Holds
  conditionsOf: (node: ClusterNode) => NodeCondition[]
  sessionOf: (nodeId: string) => NodeSession | null
  hostOf: (node: ClusterNode) => string | null
}) {
  const { access, registry, history, membership, holds } = deps
  const { act, sight } = access
  const { name: caller } = access.caller
  const list = (): ClusterNode[] => registry.list().filter(({ id }) => sight.sees(id))

  return {
    /** This server's own id. */
    selfId: deps.selfId,
    list,
    /** Those that match, and how many have each status. */
    like: (wanted: NodeCriteria) => nodesLike(list(), wanted),
    find: sight.findNode,
    get: sight.node,
    conditionsOf: deps.conditionsOf,
    sessionOf: ({ id }: ClusterNode): NodeSession | null => deps.sessionOf(id),
    hostOf: deps.hostOf,
    uptimeOf: ({ id }: ClusterNode): NodeUptime => history.uptimeOf(id),
    /** Status changes, newest first. `before` is the id of the last one on the previous page. */
    historyOf: ({ id }: ClusterNode, page: { limit: number; before?: number | undefined }): Promise<StatusChange[]> =>
      history.page(id, page),
    countHistoryOf: ({ id }: ClusterNode): Promise<number> => history.count(id),
    /** Every node, then each change. */
    watch: () => access.watch('node', { now: list, seen: (node) => (sight.sees(node.id) ? node : undefined), keyOf: ({ id }) => id }),
    /** The id of each node when it is removed. It can still be looked up then. */
    watchRemoved: () => access.watch('nodeRemoved', { seen: (id) => (sight.sees(id) ? id : undefined), keyOf: (id) => id }),

    register: (input: RegisterNodeInput): Promise<ClusterNode> =>
      act(nodeActions.registerNode, { id: input.id, subject: input.name }, () => membership.register(input)),
    update(id: string, input: UpdateNodeInput): Promise<ClusterNode> {
      const changed = Object.entries(input).flatMap(([field, value]) => (value === undefined || value === null ? [] : field))
      return act(nodeActions.updateNode, { id, words: `: ${changed.join(', ')}` }, () => membership.update(id, input))
    },
    remove: (id: string): Promise<void> => act(nodeActions.removeNode, { id }, () => membership.remove(id)),
    rotateKey: (id: string): Promise<ClusterNode> => act(nodeActions.rotateNodeKey, { id }, () => deps.keys.rotate(id)),
    check: (id: string): Promise<NodeCheck> => act(nodeActions.checkNode, { id }, () => deps.checks.checkNow(id)),

    cordon: (id: string, reason?: string | null): Promise<ClusterNode> =>
      act(nodeActions.cordonNode, { id, words: because(reason) }, () => holds.cordon(id, caller, reason)),
    uncordon: (id: string): Promise<ClusterNode> => act(nodeActions.uncordonNode, { id }, () => holds.uncordon(id, caller)),
    startMaintenance: (id: string, input: HoldInput): Promise<ClusterNode> =>
      act(nodeActions.startMaintenance, { id, words: because(input.reason) }, () => holds.startMaintenance(id, caller, input)),
    endMaintenance: (id: string): Promise<ClusterNode> => act(nodeActions.endMaintenance, { id }, () => holds.endMaintenance(id, caller)),
  }
}

const because = (reason: string | null | undefined): string => (reason ? `: ${reason}` : '')
