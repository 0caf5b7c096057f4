import { z } from 'zod'
import type { AppOperation, AppService, CreateAppInput, UpdateAppInput } from '../apps/app-service.ts'
import type { ComposeOnDisk, PreparedFolder } from '../apps/compose-on-disk.ts'
import type { RemoveAppInput } from '../apps/removal.ts'
import type { RemovalPreview } from '../apps/removal-item.ts'
import type { Operation } from '../apps/operation.ts'
import type { Operations } from '../apps/operations.ts'
import { AppError, notFound } from '../errors.ts'
import type { ClusterNode, NodeAddress } from './members/node-registry.ts'
import type { Lenient } from '../lenient.ts'
import { readApp, readComposeOnDisk, readFolders, readOperation, readRemovalPreview, toWire } from '../wire.ts'
import type { Inventory } from './feed/inventory.ts'
import { needCapability } from './keys/key-changes.ts'
import { NodeCallError, type NodeClient, type NodeRequest } from './transport/node-client.ts'
import { statusInWords } from './members/status-words.ts'

/** Actions on one node's apps, whether the node is local or remote. */
export interface NodeApps {
  create(input: CreateAppInput): Promise<AppOperation>
  update(appId: string, input: UpdateAppInput): Promise<AppOperation>
  start(appId: string): Promise<AppOperation>
  stop(appId: string): Promise<AppOperation>
  removalOf(appId: string): Promise<RemovalPreview>
  remove(appId: string, input: RemoveAppInput): Promise<AppOperation>
  cancel(operationId: string): Promise<Operation>
  folders(): Promise<PreparedFolder[]>
  composeOnDisk(name: string): Promise<ComposeOnDisk | null>
}

export type NodeRouter = ReturnType<typeof createNodeRouter>

/** The only place that asks whether a node is local or remote. */
export function createNodeRouter(deps: {
  selfId: string
  apps: AppService
  operations: Operations
  inventory: Inventory
  getNode: (id: string) => ClusterNode
  addressOf: (id: string) => NodeAddress
  client: NodeClient
  /** Throws if the node does not accept new apps. */
  admitNewApp: (nodeId: string) => void
}) {
  const { inventory, client } = deps

  const local: NodeApps = {
    create: (input) => deps.apps.create(input),
    update: (id, input) => deps.apps.update(id, input),
    start: (id) => deps.apps.startApp(id),
    stop: (id) => deps.apps.stopApp(id),
    removalOf: (id) => deps.apps.removalOf(id),
    remove: (id, input) => deps.apps.removeApp(id, input),
    cancel: (id) => deps.operations.cancel(id),
    folders: () => deps.apps.preparedFolders(),
    composeOnDisk: (name) => deps.apps.composeOnDisk(name),
  }

  const refusal = (nodeId: string, why: string): AppError => new AppError('NODE_UNREACHABLE', `${deps.getNode(nodeId).name}: ${why}`)

  /** @throws NODE_UNREACHABLE for an answer that cannot be read */
  function understood<T>(nodeId: string, { value }: Lenient<T>): T {
    if (value !== null) return value
    throw refusal(nodeId, 'sent an answer that cannot be read. Does it run another version of Selfhostly?')
  }

  /** Accepts an answer only if it belongs to the node that was asked. @throws NODE_UNREACHABLE */
  function believe<T extends { nodeId: string }>(nodeId: string, answer: Lenient<T>): T {
    const value = understood(nodeId, answer)
    if (value.nodeId !== nodeId) throw refusal(nodeId, 'answered as another node')
    return value
  }

  function remote(nodeId: string, onBehalfOf?: string): NodeApps {
    const call = (request: NodeRequest) =>
      client.request(deps.addressOf(nodeId), { ...request, onBehalfOf }).catch((error: unknown) => {
        throw request.method && request.method !== 'GET' ? ofChange(error) : error
      })
    const change = async (request: NodeRequest): Promise<AppOperation> => {
      const parts = answerParts.safeParse(await call(request)).data
      const answer = { app: believe(nodeId, readApp(parts?.app)), operation: believe(nodeId, readOperation(parts?.operation)) }
      inventory.learn(nodeId, answer)
      return answer
    }
    /** Earlier versions delete the app's whole folder, whatever the request says. */
    const needRemoval = (): void => needCapability(deps.getNode(nodeId), 'removal-keeps-data')
    const needVersions = (): void => needCapability(deps.getNode(nodeId), 'app-versions')
    return {
      create: (input) => change({ method: 'POST', path: '/api/internal/apps', body: toWire(input) }),
      async update(id, input) {
        // An older node ignores these fields and would do what they are there to prevent.
        if (isSaid(input.ifVersion) || isSaid(input.overwriteFile)) needVersions()
        return change({ method: 'PUT', path: `/api/internal/apps/${id}`, body: toWire(input) })
      },
      start: (id) => change({ method: 'POST', path: `/api/internal/apps/${id}/start` }),
      stop: (id) => change({ method: 'POST', path: `/api/internal/apps/${id}/stop` }),
      async removalOf(id) {
        needRemoval()
        return understood(nodeId, readRemovalPreview(await call({ path: `/api/internal/apps/${id}/removal` })))
      },
      async remove(id, { volumes, files }) {
        needRemoval()
        return change({ method: 'DELETE', path: `/api/internal/apps/${id}?volumes=${volumes === true}&files=${files === true}` })
      },
      cancel: async (id) => {
        const answer = await call({ method: 'POST', path: `/api/internal/operations/${id}/cancel` })
        return believe(nodeId, readOperation(answer))
      },
      async folders() {
        needVersions()
        return understood(nodeId, readFolders(await call({ method: 'GET', path: '/api/internal/folders' })))
      },
      async composeOnDisk(name) {
        // In a path, a name such as ".." would lead elsewhere.
        deps.apps.refuseName(name)
        needVersions()
        const path = `/api/internal/folders/${encodeURIComponent(name)}/compose`
        const answer = await call({ method: 'GET', path })
        return answer === null ? null : understood(nodeId, readComposeOnDisk(answer))
      },
    }
  }

  /** @throws NOT_FOUND for an unknown node, NODE_UNREACHABLE for one that is not online. Never falls back to another node */
  function forNode(nodeId: string, onBehalfOf?: string): NodeApps {
    if (nodeId === deps.selfId) return local
    const node = deps.getNode(nodeId)
    if (node.health.status !== 'online') throw new AppError('NODE_UNREACHABLE', statusInWords(node))
    return remote(nodeId, onBehalfOf)
  }

  return {
    forNode,

    /**
     * For creating an app. The primary decides whether the node accepts it; the node itself is not asked.
     * @throws whatever `admitNewApp` and `forNode` throw
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

/** The error of a change. Without an answer, the node may have made the change. */
const ofChange = (error: unknown): unknown =>
  error instanceof NodeCallError && error.mayBeReceived
    ? new AppError(error.code, `${error.message}. The node may have started it. Check before you try again`, {
        cause: error,
        isOutcomeUnknown: true,
      })
    : error

const answerParts = z.object({ app: z.unknown(), operation: z.unknown() })

const isSaid = (value: unknown): boolean => value !== undefined && value !== null
