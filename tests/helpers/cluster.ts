import { setTimeout as wait } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { ask, follow, type Server } from './graphql.ts'
import { nodeProcess, type NodeProcess, type Settings } from './node-process.ts'
import type { TestContext } from './test-context.ts'

export interface SeenNode {
  id: string
  name: string
  status: 'ONLINE' | 'OFFLINE' | 'UNREACHABLE'
  statusReason: string | null
  consecutiveFailures: number
}

export interface SeenApp {
  id: string
  name: string
  status: string
  statusReason: string | null
  lastKnownStatus: string | null
  desiredState: string
  node: { id: string; name: string }
  containers: { id: string; service: string; state: string; ports: { hostPort: number }[] }[]
}

export interface SeenOperation {
  id: string
  kind: string
  status: string
  progress: number
  output: string[]
  error: string | null
  appId: string | null
}

export const nodeFields = 'id name status statusReason consecutiveFailures'
export const appFields =
  'id name status statusReason lastKnownStatus desiredState node { id name } containers { id service state ports { hostPort } }'
export const operationFields = 'id kind status progress output error appId'

export const followNodes = (t: TestContext, node: Server) =>
  follow<SeenNode>(t, node, `subscription { nodeStatusChanged { ${nodeFields} } }`)

export const followApps = (t: ExecutionContext<unknown>, node: NodeProcess) =>
  follow<SeenApp>(t, node, `subscription { appChanged { ${appFields} } }`)

/** A secondary of `primary`, not yet started or registered. */
export const secondaryOf = (
  t: ExecutionContext<unknown>,
  primary: NodeProcess,
  name: string,
  settings: Settings = {},
): Promise<NodeProcess> => nodeProcess(t, { NODE_NAME: name, NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: primary.url, ...settings })

/** A primary and a registered secondary, both started. */
export async function twoNodes(t: ExecutionContext<unknown>): Promise<{ primary: NodeProcess; worker: NodeProcess; id: string }> {
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker')
  await Promise.all([primary.start(), worker.start()])
  const { id } = await register(primary, worker)
  return { primary, worker, id }
}

/** Registers a node with the output of `npm run identity`, as in the guide. */
export async function register(primary: NodeProcess, secondary: NodeProcess, apiEndpoint = secondary.url): Promise<SeenNode> {
  const { id, name, key } = await secondary.identity()
  const mutation = `mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { ${nodeFields} } }`
  const { registerNode } = await ask<{ registerNode: SeenNode }>(primary, mutation, {
    input: { id, name, apiEndpoint, apiKey: key },
  })
  return registerNode
}

interface NewApp {
  name: string
  composeContent: string
  files?: { path: string; content: string }[]
}

export async function createApp(node: NodeProcess, nodeId: string, input: NewApp) {
  const mutation = `mutation ($nodeId: ID!, $input: CreateAppInput!) {
    createApp(nodeId: $nodeId, input: $input) { app { ${appFields} } operation { ${operationFields} } }
  }`
  const { createApp: created } = await ask<{ createApp: { app: SeenApp; operation: SeenOperation } }>(node, mutation, { nodeId, input })
  return created
}

/** Starts an operation on an app: `startApp`, `stopApp` or `removeApp`. */
export async function change(node: NodeProcess, mutation: 'startApp' | 'stopApp' | 'removeApp', id: string): Promise<SeenOperation> {
  const document = `mutation ($id: ID!) { ${mutation}(id: $id) { operation { ${operationFields} } } }`
  const answer = await ask<Record<string, { operation: SeenOperation }>>(node, document, { id })
  return answer[mutation]?.operation ?? Promise.reject(new Error(`${mutation} answered no operation`))
}

/** Follows an operation until the server completes the subscription. @returns every state that was seen */
export async function followToEnd(t: TestContext, node: NodeProcess, operation: { id: string }) {
  const progress = follow<SeenOperation>(t, node, `subscription ($id: ID!) { operationProgress(id: $id) { ${operationFields} } }`, {
    id: operation.id,
  })
  const last = await progress.first(({ status }) => status !== 'QUEUED' && status !== 'RUNNING', { withinMs: 60_000 })
  await progress.completed
  return { last, states: progress.values }
}

export async function allApps(node: NodeProcess): Promise<SeenApp[]> {
  const { apps } = await ask<{ apps: { nodes: SeenApp[] } }>(node, `{ apps { nodes { ${appFields} } } }`)
  return apps.nodes
}

export async function allOperations(node: NodeProcess): Promise<SeenOperation[]> {
  const { operations } = await ask<{ operations: { nodes: SeenOperation[] } }>(node, `{ operations { nodes { ${operationFields} } } }`)
  return operations.nodes
}

/** Polls a few times a second until the answer matches. For data without a subscription. */
export async function eventually<T>(question: () => Promise<T>, match: (answer: T) => boolean, withinMs = 20_000): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const answer = await question()
    if (match(answer)) return answer
    if (performance.now() > deadline)
      throw new Error(`nothing matched ${String(match)} within ${withinMs} ms. Last: ${JSON.stringify(answer)}`)
    await wait(50)
  }
}

/** The guides' example page: a web server with one published port. */
export const webApp = (port: number): string => `services:
  web:
    image: selfhostly-test/web:1
    ports:
      - "127.0.0.1:${port}:80"
`
