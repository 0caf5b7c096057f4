import { z } from 'zod'
import type { AppOperation, AppService, CreateAppInput, UpdateAppInput } from '../apps/app-service.ts'
import type { Operation } from '../apps/operation.ts'
import type { Operations } from '../apps/operations.ts'
import { AppError, notFound } from '../errors.ts'
import type { ClusterNode, NodeAddress } from '../nodes/node-registry.ts'
import type { Lenient } from '../lenient.ts'
import { readApp, readOperation, toWire } from '../wire.ts'
import type { Inventory } from './inventory.ts'
import type { NodeClient, NodeRequest } from './node-client.ts'

/** What can be done to the apps of one node, wherever it is. */
export interface NodeApps {
  create(input: CreateAppInput): Promise<AppOperation>
  update(appId: string, input: UpdateAppInput): Promise<AppOperation>
  start(appId: string): Promise<AppOperation>
  stop(appId: string): Promise<AppOperation>
  remove(appId: string): Promise<AppOperation>
  cancel(operationId: string): Promise<Operation>
}

export type NodeRouter = ReturnType<typeof createNodeRouter>

/** "Local or remote?" is asked here and nowhere else. */
export function createNodeRouter(deps: {
  selfId: string
  apps: AppService
  operations: Operations
  inventory: Inventory
  getNode: (id: string) => ClusterNode
  addressOf: (id: string) => NodeAddress
  client: NodeClient
  /** Throws when no new app may go to a node. */
  admitNewApp: (nodeId: string) => void
}) {
  const { inventory, client } = deps

  const local: NodeApps = {
    create: (input) => deps.apps.create(input),
    update: (id, input) => deps.apps.update(id, input),
    start: (id) => deps.apps.startApp(id),
    stop: (id) => deps.apps.stopApp(id),
    remove: (id) => deps.apps.removeApp(id),
    cancel: (id) => deps.operations.cancel(id),
  }

  /** What a node answers is of that node, or it is no answer. @throws NODE_UNREACHABLE */
  function believe<T extends { nodeId: string }>(nodeId: string, { value }: Lenient<T>): T {
    const { name } = deps.getNode(nodeId)
    const refuse = (why: string) => new AppError('NODE_UNREACHABLE', `${name}: ${why}`)
    if (value === null) throw refuse('sent an answer that is not in the right form. Is it another version of Selfhostly?')
    if (value.nodeId !== nodeId) throw refuse('answered in the name of another node')
    return value
  }

  function remote(nodeId: string, onBehalfOf?: string): NodeApps {
    const call = (request: NodeRequest) => client.request(deps.addressOf(nodeId), { ...request, onBehalfOf })
    const change = async (request: NodeRequest): Promise<AppOperation> => {
      const parts = answerParts.safeParse(await call(request)).data
      const answer = { app: believe(nodeId, readApp(parts?.app)), operation: believe(nodeId, readOperation(parts?.operation)) }
      inventory.learn(nodeId, answer)
      return answer
    }
    return {
      create: ({ name, description, composeContent }) =>
        change({ method: 'POST', path: '/api/internal/apps', body: { name, description, compose_content: composeContent } }),
      update: (id, input) => change({ method: 'PUT', path: `/api/internal/apps/${id}`, body: toWire(input) }),
      start: (id) => change({ method: 'POST', path: `/api/internal/apps/${id}/start` }),
      stop: (id) => change({ method: 'POST', path: `/api/internal/apps/${id}/stop` }),
      remove: (id) => change({ method: 'DELETE', path: `/api/internal/apps/${id}` }),
      cancel: async (id) => {
        const answer = await call({ method: 'POST', path: `/api/internal/operations/${id}/cancel` })
        return believe(nodeId, readOperation(answer))
      },
    }
  }

  /** @throws NOT_FOUND for an unknown node, NODE_UNREACHABLE for one that is not online: nothing lands elsewhere instead */
  function forNode(nodeId: string, onBehalfOf?: string): NodeApps {
    if (nodeId === deps.selfId) return local
    const { name, health } = deps.getNode(nodeId)
    if (health.status !== 'online')
      throw new AppError('NODE_UNREACHABLE', `${name} is ${health.status}: ${health.statusReason ?? 'it does not answer'}`)
    return remote(nodeId, onBehalfOf)
  }

  return {
    forNode,

    /**
     * For an app that is not there yet. Whether it may come is the primary's decision: the node itself is not asked.
     * @throws what `admitNewApp` and `forNode` throw
     */
    forNewApp(nodeId: string, onBehalfOf?: string): Pick<NodeApps, 'create'> {
      deps.admitNewApp(nodeId)
      return forNode(nodeId, onBehalfOf)
    },

    /** The node that owns an app. @throws NOT_FOUND, NODE_UNREACHABLE */
    forApp(appId: string, onBehalfOf?: string): NodeApps {
      const app = inventory.app(appId)
      if (!app) throw notFound('app', appId)
      return forNode(app.nodeId, onBehalfOf)
    },

    forOperation(operationId: string, onBehalfOf?: string): NodeApps {
      const operation = inventory.operation(operationId)
      if (!operation) throw notFound('operation', operationId)
      return forNode(operation.nodeId, onBehalfOf)
    },
  }
}

const answerParts = z.object({ app: z.unknown(), operation: z.unknown() })
