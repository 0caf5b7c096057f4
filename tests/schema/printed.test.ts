import { readFileSync } from 'node:fs'
import test from 'ava'
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
  Kind,
  parse,
  print,
  printSchema,
  type FieldDefinitionNode,
  type GraphQLField,
} from 'graphql'
import { schema } from '../../schema/index.ts'

/** What clients rely on. Add to it, never change it. */
const promised = `
type Query {
  viewer: Viewer
  nodes(first: Int, after: String, filter: NodeFilter): NodeConnection!
  node(id: ID!): Node
  apps(first: Int, after: String, filter: AppFilter): AppConnection!
  app(id: ID!): App
  operation(id: ID!): Operation
  operations(first: Int, after: String, filter: OperationFilter): OperationConnection!
  systemStats(nodeIds: [ID!]): [NodeStats!]!
}
type Mutation {
  registerNode(input: RegisterNodeInput!): Node!
  updateNode(id: ID!, input: UpdateNodeInput!): Node!
  removeNode(id: ID!): ID!
  checkNode(id: ID!): NodeCheck!
  createApp(nodeId: ID!, input: CreateAppInput!): AppOperation!
  updateApp(id: ID!, input: UpdateAppInput!): AppOperation!
  startApp(id: ID!): AppOperation!
  stopApp(id: ID!): AppOperation!
  removeApp(id: ID!): AppOperation!
}
type Subscription {
  nodeStatusChanged: Node!
  appChanged: App!
  operationProgress(id: ID!): Operation!
  nodeStats(nodeId: ID!): NodeStats!
}
enum NodeStatus { ONLINE OFFLINE UNREACHABLE }
type Node {
  id: ID! name: String! apiEndpoint: String! isPrimary: Boolean! status: NodeStatus! statusSince: DateTime! statusReason: String
  lastSeen: DateTime lastHealthCheck: DateTime consecutiveFailures: Int! nextCheckAt: DateTime apps: AppConnection! stats: NodeStats
}
type NodeCheck { ok: Boolean! error: String durationMs: Int! node: Node! }
type NodeConnection { edges: [NodeEdge!]! pageInfo: PageInfo! totalCount: Int! }
type NodeEdge { cursor: String! node: Node! }
type AppConnection { edges: [AppEdge!]! pageInfo: PageInfo! totalCount: Int! }
type AppEdge { cursor: String! node: App! }
type OperationConnection { edges: [OperationEdge!]! pageInfo: PageInfo! totalCount: Int! }
type OperationEdge { cursor: String! node: Operation! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type AppOperation { operation: Operation! app: App }
type Operation {
  id: ID! kind: OperationKind! status: OperationStatus! progress: Int! message: String output: [String!]! error: String appId: ID
  nodeId: ID! createdAt: DateTime! startedAt: DateTime finishedAt: DateTime
}
enum OperationStatus { QUEUED RUNNING SUCCEEDED FAILED CANCELLED INTERRUPTED }
type App {
  id: ID! name: String! description: String node: Node! status: AppStatus! statusReason: String lastKnownStatus: AppStatus
  desiredState: AppDesiredState! asOf: DateTime! composeContent: String! containers: [Container!]! createdAt: DateTime! updatedAt: DateTime!
}
enum AppStatus { PENDING STARTING RUNNING DEGRADED STOPPING STOPPED UPDATING REMOVING ERROR UNKNOWN }
type NodeStats { nodeId: ID! state: StatsState! error: String asOf: DateTime }
enum StatsState { OK STALE ERROR }
input RegisterNodeInput { id: ID! name: String! apiEndpoint: String! apiKey: String! }
input UpdateNodeInput { name: String apiEndpoint: String apiKey: String }
input CreateAppInput { name: String! description: String composeContent: String! }
input UpdateAppInput { description: String composeContent: String }
input AppFilter { nodeIds: [ID!] status: [AppStatus!] search: String }
`

const definitions = parse(promised).definitions

test('schema.graphql is the served schema; npm run schema:print writes it', (t) => {
  t.is(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'), `${printSchema(schema)}\n`)
})

for (const definition of definitions) {
  if (definition.kind === Kind.OBJECT_TYPE_DEFINITION) {
    for (const field of definition.fields ?? []) {
      test(`${definition.name.value}.${field.name.value} is as promised`, (t) => {
        const type = schema.getType(definition.name.value)
        const actual = isObjectType(type) || isInterfaceType(type) ? type.getFields()[field.name.value] : undefined
        t.truthy(actual)
        t.deepEqual(actual && shapeOf(actual, field), promisedShape(field))
      })
    }
  }

  if (definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) {
    test(`input ${definition.name.value} is as promised`, (t) => {
      const type = schema.getType(definition.name.value)
      const fields = isInputObjectType(type) ? type.getFields() : {}
      for (const { name, type } of definition.fields ?? []) t.is(String(fields[name.value]?.type), print(type), name.value)
      const names = (definition.fields ?? []).map(({ name }) => name.value)
      const demanded = Object.values(fields).filter((field) => String(field.type).endsWith('!'))
      t.deepEqual(
        demanded.map((field) => field.name).filter((name) => !names.includes(name)),
        [],
        'an input may not demand more',
      )
    })
  }

  if (definition.kind === Kind.ENUM_TYPE_DEFINITION) {
    test(`enum ${definition.name.value} is as promised`, (t) => {
      const type = schema.getType(definition.name.value)
      const values = isEnumType(type) ? type.getValues().map(({ name }) => name) : []
      t.deepEqual(values.toSorted(), (definition.values ?? []).map(({ name }) => name.value).toSorted())
    })
  }
}

const promisedShape = (field: FieldDefinitionNode) => ({
  type: print(field.type),
  args: Object.fromEntries((field.arguments ?? []).map(({ name, type }) => [name.value, print(type)])),
  demanded: (field.arguments ?? [])
    .filter(({ type }) => type.kind === Kind.NON_NULL_TYPE)
    .map(({ name }) => name.value)
    .toSorted(),
})

/** Further arguments are fine as long as clients can leave them out. */
function shapeOf(actual: GraphQLField<unknown, unknown>, promise: FieldDefinitionNode) {
  const names = new Set((promise.arguments ?? []).map(({ name }) => name.value))
  return {
    type: String(actual.type),
    args: Object.fromEntries(actual.args.filter(({ name }) => names.has(name)).map(({ name, type }) => [name, String(type)])),
    demanded: actual.args
      .filter(isRequiredArgument)
      .map(({ name }) => name)
      .toSorted(),
  }
}
