import test from 'ava'
import { administrator } from '../helpers/people.ts'
import { graphqlFields, sampleDocument, unknownId } from '../helpers/sample-document.ts'
import { runningNode } from '../helpers/running-node.ts'

const takesId = (document: string): boolean => document.includes(unknownId)

/** Their answers are never null. */
const neverNull = ['composeProjects', 'importPreview', 'validateApp']

test('an unknown id is null in every query, or NOT_FOUND', async (t) => {
  const node = await runningNode(t)
  const names = graphqlFields().flatMap((field) => (field.startsWith('query ') ? field.slice('query '.length) : []))
  const asked = names.filter((name) => !neverNull.includes(name) && takesId(sampleDocument('query', name)))
  t.deepEqual(asked.toSorted(), [
    'app',
    'appChangedFiles',
    'appHistory',
    'appRemoval',
    'appTimeline',
    'appVersion',
    'composeOnDisk',
    'container',
    'containerDetails',
    'containerInspection',
    'containerProcesses',
    'diskUsage',
    'node',
    'nodeHistory',
    'nodeTimeline',
    'operation',
    'preparedFolders',
  ])
  for (const name of asked) t.deepEqual(await node.graphql(sampleDocument('query', name)), { data: { [name]: null } })
  for (const name of neverNull) t.is((await node.graphql(sampleDocument('query', name))).errors[0].extensions.code, 'NOT_FOUND', name)
})

test('an unknown id is NOT_FOUND in every mutation', async (t) => {
  const node = await runningNode(t)
  const names = graphqlFields().flatMap((field) => (field.startsWith('mutation ') ? field.slice('mutation '.length) : []))
  const asked = names.filter((name) => name !== 'registerNode' && takesId(sampleDocument('mutation', name)))
  t.true(asked.length >= 9)
  // Some are for people, not for tokens.
  const person = await administrator(node)
  for (const name of asked) {
    const { errors } = await node.graphql(sampleDocument('mutation', name), {}, person)
    t.is(errors[0].extensions.code, 'NOT_FOUND', name)
    t.regex(errors[0].message, /^There is no /, name)
  }
})

test('systemStats has an entry for an unknown id, with the error', async (t) => {
  const node = await runningNode(t)
  const { data } = await node.graphql('query ($ids: [ID!]) { systemStats(nodeIds: $ids) { nodeId state error } }', {
    ids: [unknownId, node.id],
  })
  t.like(data.systemStats[0], { nodeId: unknownId, state: 'ERROR' })
  t.is(data.systemStats[1].nodeId, node.id)
})

test('invalid input fields are named as GraphQL spells them', async (t) => {
  const node = await runningNode(t)
  const { errors } = await node.graphql(sampleDocument('mutation', 'registerNode').replace(unknownId, ''))
  t.is(errors[0].extensions.code, 'INVALID_INPUT')
  t.deepEqual(
    errors[0].extensions.fields.map(({ field }: { field: string }) => field),
    ['id', 'name', 'apiEndpoint', 'apiKey'],
  )
})

test('invalid documents are errors, never internal errors', async (t) => {
  const node = await runningNode(t)
  const deep = `${'{ nodes { nodes { apps { nodes { node '.repeat(200)}`
  for (const query of [
    '',
    '{',
    '{ nothing }',
    'query A { __typename } query B { __typename }',
    '{ nodes(first: "1") { totalCount } }',
    deep,
    `{ ${'a'.repeat(100_000)} }`,
  ]) {
    const { status, json } = await node.send('/graphql', { method: 'POST', json: { query } })
    t.true(status < 500)
    t.true(json.errors.length > 0)
    t.notRegex(JSON.stringify(json), /node_modules|\.ts:/)
  }
  t.deepEqual(
    node.log.filter(({ level }) => level === 'error'),
    [],
  )
})
