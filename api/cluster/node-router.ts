import { AppError, notFound, type BegunElsewhere } from '../errors.ts'
import { randomUUID } from 'node:crypto'
import type { LogBatch, LogRange, LogSource } from '../apps/logs/log-line.ts'
import type { Clock } from '../clock.ts'
import { logsNeed } from './calls/log-calls.ts'
import { needFor } from './calls/needs.ts'
import { askEach, routeOf, type AnsweredCall, type Asked, type Waiting } from './calls/declared-call.ts'
import type { Inventory } from './feed/inventory.ts'
import { canDo } from './members/node-about.ts'
import { statusInWords } from './members/status-words.ts'
import type { ClusterNode, NodeAddress } from './members/node-registry.ts'
import { actionCalls } from './node-calls.ts'
import { createRemoteTerminals } from './remote-terminals.ts'
import { readRemoteLog } from './log-streams.ts'
import type { OwnActions } from './own-actions.ts'
import { NodeCallError } from './transport/node-call-error.ts'
import type { NodeClient } from './transport/node-client.ts'
import type { NodeTerminals } from '../terminals/own-terminals.ts'

/** Actions on one node's apps, whether the node is local or remote. */
export type NodeActions = Asked<typeof actionCalls>

export type NodeRouter = ReturnType<typeof createNodeRouter>

/** The only place that asks whether a node is local or remote. */
export function createNodeRouter(deps: {
  selfId: string
  own: OwnActions
  ownLogs: { stream: (source: LogSource, range: LogRange) => AsyncIterable<LogBatch> }
  ownTerminals: NodeTerminals
  clock: Clock
  /** @throws INVALID_INPUT for what cannot be an app's name */
  refuseName: (name: string) => void
  inventory: Inventory
  getNode: (id: string) => ClusterNode
  addressOf: (id: string) => NodeAddress
  client: NodeClient
  /** Throws if the node does not accept new apps. */
  admitNewApp: (nodeId: string) => void
}) {
  const { inventory, client } = deps

  function remote(nodeId: string, onBehalfOf?: string): NodeActions {
    async function ask<Input extends object, Output, Read>(
      call: AnsweredCall<Input, Output, Read>,
      input: Input,
      { signal }: Waiting = {},
    ): Promise<Read> {
      const node = deps.getNode(nodeId)
      needFor(node, call, input)
      // An older node would choose another.
      const operationId = call.begun && canDo(node, 'durable-operations') ? randomUUID() : undefined
      const answer = await client
        .call(deps.addressOf(nodeId), call, input, { onBehalfOf, operationId, ...(signal && { signal }) })
        .catch((error: unknown) => {
          if (routeOf(call).method === 'GET' || call.changesNothing) throw error
          throw ofChange(error, operationId === undefined ? undefined : { operationId, nodeId })
        })
      const begun = call.begun?.(answer)
      if (begun) inventory.learn(nodeId, begun)
      return answer
    }
    const actions = askEach(actionCalls, ask)
    return {
      ...actions,
      async composeOnDisk(input) {
        // In a path, a name such as ".." would lead elsewhere.
        deps.refuseName(input.name)
        return actions.composeOnDisk(input)
      },
    }
  }

  /** @throws NOT_FOUND for an unknown node, NODE_UNREACHABLE for one that is not online. Never falls back to another node */
  function forNode(nodeId: string, onBehalfOf?: string): NodeActions {
    if (nodeId === deps.selfId) return inTheNameOf(onBehalfOf, deps.own)
    onlineNode(nodeId)
    return remote(nodeId, onBehalfOf)
  }

  function onlineNode(nodeId: string): ClusterNode {
    const node = deps.getNode(nodeId)
    if (node.health.status !== 'online') throw new AppError('NODE_UNREACHABLE', statusInWords(node))
    return node
  }

  /** @throws NOT_FOUND, NODE_UNREACHABLE, NOT_SUPPORTED */
  function logsOf(nodeId: string, source: LogSource, range: LogRange, signal: AbortSignal): AsyncIterable<LogBatch> {
    if (nodeId === deps.selfId) return whileWanted(deps.ownLogs.stream(source, range), signal)
    const node = onlineNode(nodeId)
    needFor(node, logsNeed, {})
    return readRemoteLog({ client, clock: deps.clock }, deps.addressOf(nodeId), source, range, signal)
  }

  /** @throws NOT_FOUND, NODE_UNREACHABLE */
  function terminalsOf(nodeId: string, onBehalfOf: string): NodeTerminals {
    if (nodeId === deps.selfId) return deps.ownTerminals
    const node = onlineNode(nodeId)
    return createRemoteTerminals({ node, address: deps.addressOf(nodeId), onBehalfOf, client, clock: deps.clock })
  }

  return {
    forNode,

    logsOf,

    terminalsOf,

    /**
     * For creating an app. The primary decides whether the node accepts it; the node itself is not asked.
     * @throws whatever `admitNewApp` and `forNode` throw
     */
    forNewApp(nodeId: string, onBehalfOf?: string): Pick<NodeActions, 'createApp' | 'createAgain'> {
      deps.admitNewApp(nodeId)
      return forNode(nodeId, onBehalfOf)
    },

    /** The node that owns an app. @throws NOT_FOUND, NODE_UNREACHABLE */
    forApp(appId: string, onBehalfOf?: string): NodeActions {
      const app = inventory.app(appId)
      if (!app) throw notFound('app', appId)
      return forNode(app.nodeId, onBehalfOf)
    },

    forOperation(operationId: string, onBehalfOf?: string): NodeActions {
      const operation = inventory.operation(operationId)
      if (!operation) throw notFound('operation', operationId)
      return forNode(operation.nodeId, onBehalfOf)
    },
  }
}

/** These functions, told who asks. */
const inTheNameOf = (by: string | undefined, own: OwnActions): NodeActions =>
  Object.fromEntries(
    Object.entries<(input: never, waiting: Waiting) => unknown>(own).map(([name, act]) => [
      name,
      (input: never, waiting?: Waiting) => act(input, { ...waiting, by }),
    ]),
  ) as NodeActions

/** Ends a log at the abort, even while a read waits. */
function whileWanted(log: AsyncIterable<LogBatch>, signal: AbortSignal): AsyncIterable<LogBatch> {
  const reading = log[Symbol.asyncIterator]()
  signal.addEventListener('abort', () => void reading.return?.())
  return { [Symbol.asyncIterator]: () => reading }
}

/** The error of a change. Without an answer, the node may have made the change. */
const ofChange = (error: unknown, mayHaveBegun: BegunElsewhere | undefined): unknown =>
  error instanceof NodeCallError && error.mayBeReceived
    ? new AppError(error.code, `${error.message}. The node may have started it. Check before you try again`, {
        cause: error,
        isOutcomeUnknown: true,
        mayHaveBegun,
      })
    : error
