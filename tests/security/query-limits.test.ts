import { once } from 'node:events'
import test from 'ava'
import { complexityFromQuery } from '@pothos/plugin-complexity'
import { getIntrospectionQuery, parse, print, validate, type OperationDefinitionNode } from 'graphql'
import { WebSocket } from 'ws'
import { schema } from '../../schema/index.ts'
import { dashboardDocuments } from '../helpers/dashboard-documents.ts'
import type { Json } from '../helpers/http-caller.ts'
import { peopleSettings, sessionOf, signIn } from '../helpers/people.ts'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { unknownId } from '../helpers/sample-document.ts'

const times = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ')

async function refusal(node: RunningNode, query: string, variables: Record<string, unknown> = {}): Promise<string> {
  const answer = await node.graphql(query, variables)
  return answer.errors ? `${answer.errors[0].message}` : 'allowed'
}

test('limits the tokens, aliases, directives, depth, breadth and cost of a document', async (t) => {
  const node = await runningNode(t)
  t.is(await refusal(node, `{ ${times(600, () => 'viewer { name }')} }`), 'Syntax Error: Token limit of 2000 exceeded.')
  t.regex(await refusal(node, `{ ${times(31, (index) => `a${index}: viewer { name }`)} }`), /Aliases limit of 30 exceeded/)
  t.is(await refusal(node, `{ ${times(30, (index) => `a${index}: viewer { name }`)} }`), 'allowed')
  t.regex(await refusal(node, `{ viewer { name ${times(31, () => '@include(if: true)')} } }`), /Directives limit of 30 exceeded/)
  t.regex(await refusal(node, `{ nodes(first: 500) { nodes { apps(first: 500) { nodes { id } } } } }`), /complexity of \d+ is too high/)
  const deep = `${'apps { nodes { node { '.repeat(5)}id${' } } }'.repeat(5)}`
  t.regex(await refusal(node, `{ node(id: "${node.id}") { ${deep} } }`), /is nested inside itself/)
  t.is(await refusal(node, '{ nodes(first: 501) { totalCount } }'), 'first: must be 1 to 500')
})

test('fragments count each time they are spread, and counting them is fast', async (t) => {
  const node = await runningNode(t)
  const levels = 24
  const fragments = times(
    levels,
    (index) => `fragment F${index} on Query { ${index === levels - 1 ? 'viewer { name }' : times(2, () => `...F${index + 1}`)} }`,
  )
  const began = performance.now()
  t.regex(await refusal(node, `{ ...F0 } ${fragments}`), /breadth of \d+ is too high/)
  t.true(performance.now() - began < 5000)
  t.regex(await refusal(node, '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'), /Cannot spread fragment/)
})

test('requested ids count, even as variables', async (t) => {
  const node = await runningNode(t)
  const query =
    'query ($ids: [ID!]) { systemStats(nodeIds: $ids) { state cpu { cores } memory { totalBytes } disks { mount } containers { id name } } }'
  t.is(await refusal(node, query, { ids: Array<string>(500).fill(node.id) }), 'allowed')
  t.regex(await refusal(node, query, { ids: Array<string>(25_000).fill(node.id) }), /complexity of \d+ is too high/)
})

test('several operations in one request are refused', async (t) => {
  const node = await runningNode(t)
  const one = { query: '{ viewer { name } }' }
  const { status, json } = await node.send('/graphql', { method: 'POST', json: [one, one] })
  t.is(status, 400)
  t.is(json.errors[0].message, 'Batching is not supported.')
})

test('the same limits hold over a WebSocket', async (t) => {
  const node = await runningNode(t)
  const socket = new WebSocket(`${node.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers: node.headers })
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  const next = async (): Promise<Json> => JSON.parse(String((await once(socket, 'message'))[0]))
  socket.send('{"type":"connection_init"}')
  await next()
  for (const [query, message] of [
    [`{ ${times(600, () => 'viewer { name }')} }`, /Token limit/],
    [`{ ${times(31, (index) => `a${index}: viewer { name }`)} }`, /Aliases limit/],
    ['{ nodes(first: 500) { nodes { apps(first: 500) { nodes { id } } } } }', /complexity/],
  ] as const) {
    socket.send(JSON.stringify({ id: query.slice(0, 9), type: 'subscribe', payload: { query } }))
    t.regex(JSON.stringify(await next()), message)
  }
})

test('a user has 250 subscriptions at most over all connections', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const viewer = await signIn(node, 'viewer')
  const open = async (user: { id: string }, count: number): Promise<string[]> => {
    const socket = new WebSocket(`${node.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: await sessionOf(node, user),
    })
    t.teardown(() => socket.terminate())
    const answers: string[] = []
    const answered = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        answers.push(String(data))
        if (answers.length === count + 1) resolve()
      })
    })
    await once(socket, 'open')
    socket.send('{"type":"connection_init"}')
    await once(socket, 'message')
    for (let id = 0; id < count; id += 1) {
      socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: 'subscription { nodeStatusChanged { id } }' } }))
    }
    await answered
    return answers.filter((answer) => answer.includes('RATE_LIMITED'))
  }
  t.deepEqual(await open(viewer, 125), [])
  t.deepEqual(await open(viewer, 125), [])
  t.is((await open(viewer, 3)).length, 3)
  t.deepEqual(await open(await signIn(node, 'operator'), 3), [], 'others go on')
})

test('only authenticated callers can introspect the schema', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const query = getIntrospectionQuery()
  const stranger = await node.send('/graphql', { method: 'POST', json: { query } })
  t.is(stranger.status, 401)
  t.notRegex(stranger.text, /__schema|createApp/)
  for (const path of ['/api/openapi.json', '/graphql', '/graphql?query={__schema{types{name}}}']) {
    t.is((await node.send(path, { headers: { accept: 'text/html' } })).status, 401, path)
  }
  const viewer = await sessionOf(node, await signIn(node, 'viewer'))
  const known = await node.graphql(query, {}, viewer)
  t.truthy(known.data.__schema)
})

test("allows GraphiQL's introspection and refuses deeper ones", async (t) => {
  const node = await runningNode(t)
  const query = getIntrospectionQuery({
    inputValueDeprecation: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
  })
  t.is(await refusal(node, query), 'allowed')
  t.is(
    await refusal(node, `{ __schema { types { ${'fields { type { '.repeat(5)} name ${'} } '.repeat(5)} } } }`),
    'Maximum introspection depth exceeded',
  )
})

/** The largest page size, and for other variables any value of the right type. */
const variablesOf = (operation: OperationDefinitionNode): Record<string, unknown> =>
  Object.fromEntries(
    (operation.variableDefinitions ?? []).flatMap(({ variable, type }): [string, unknown][] => {
      const kind = print(type)
      if (kind.startsWith('Int')) return [[variable.name.value, 500]]
      if (kind.startsWith('ID')) return [[variable.name.value, unknownId]]
      return kind.endsWith('!') ? [[variable.name.value, sampleInputs[kind] ?? {}]] : []
    }),
  )

const sampleInputs: Record<string, unknown> = {
  '[AppScheduleInput!]!': [],
  '[ID!]!': [],
  '[String!]!': [],
  'ContainerAction!': 'START',
  'DateTime!': '2026-01-01T00:00:00Z',
  'NotificationChannelKind!': 'WEBHOOK',
  'PruneKind!': 'IMAGES',
  'ImportAppInput!': { project: '' },
  'AddPasskeyInput!': { name: '', response: '', state: '' },
  'InviteUserInput!': { role: 'VIEWER' },
  'UpdateUserInput!': { role: 'VIEWER' },
  'String!': '',
  'Boolean!': false,
  'CreateApiTokenInput!': { name: '', scope: 'VIEWER', expiresInDays: 1 },
  'CreateAppInput!': { name: '', composeContent: '' },
  'NotificationChannelInput!': {},
  'CreateJoinTokenInput!': { name: '' },
  'RegisterNodeInput!': { id: unknownId, name: '', apiEndpoint: '', apiKey: '' },
}

const tooMuch = /too much|limit|exceeded|got invalid value|Cannot query|Unknown/i

test('the dashboard stays within every limit, even with its largest pages', async (t) => {
  const node = await runningNode(t)
  const documents = dashboardDocuments()
  t.true(documents.length > 25, String(documents.length))
  for (const { name, operation, text } of documents) {
    const variables = variablesOf(operation)
    t.deepEqual(validate(schema, parse(text)), [], name)
    if (operation.operation === 'subscription') {
      const { complexity, depth, breadth } = complexityFromQuery(text, { schema, variables, ctx: {} })
      t.true(complexity < 150_000 && depth <= 15 && breadth <= 500, name)
      continue
    }
    const { errors = [] } = (await node.send('/graphql', { method: 'POST', json: { query: text, variables } })).json
    t.notRegex(JSON.stringify(errors), tooMuch, name)
  }
})
