import { randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'

interface Page {
  edges: { cursor: string; node: { id: string } }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
  totalCount: number
}

const query = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: NodeFilter) {
  nodes(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
  }
}`

async function pageOf(node: RunningNode, variables: object): Promise<Page> {
  const { data, errors } = await node.graphql(query, { ...variables })
  if (errors) throw new Error(errors[0].message)
  return data.nodes
}

const idsOf = ({ edges }: Page): string[] => edges.map(({ node }) => node.id)

async function walk(node: RunningNode, first: number, filter?: object): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = []
  for (let after: string | null = null, pages = 1; ; pages++) {
    const page: Page = await pageOf(node, { first, after, filter })
    ids.push(...idsOf(page))
    if (!page.pageInfo.hasNextPage) return { ids, pages }
    after = page.pageInfo.endCursor
  }
}

async function walkBack(node: RunningNode, last: number): Promise<string[]> {
  const ids: string[] = []
  for (let before: string | null = null; ;) {
    const page: Page = await pageOf(node, { last, before })
    ids.unshift(...idsOf(page))
    if (!page.pageInfo.hasPreviousPage) return ids
    before = page.pageInfo.startCursor
  }
}

/** Names that sort differently by bytes, by case and by language. */
const names = ['a', 'B', 'b', 'Z', 'z', 'ä', 'Ö', 'node 1', 'node-1', 'node', '0', '10', '9', '中', '😀', '~', 'é', 'e', 'f', '_']

async function withNodes(node: RunningNode, all: string[]): Promise<void> {
  for (const name of all) {
    await node.services.members.registry.register({ id: randomUUID(), name, apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-nobody' })
  }
}

test('paging visits each node once, in one order, forwards and backwards, for any page size', async (t) => {
  const node = await runningNode(t)
  await withNodes(node, names)
  const whole = idsOf(await pageOf(node, { first: 500 }))
  t.is(whole.length, names.length + 1)
  t.is(whole[0], node.id, 'the node itself first')
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 25 }), async (size) => {
      const forwards = await walk(node, size)
      t.deepEqual(forwards.ids, whole)
      t.is(forwards.pages, Math.ceil(whole.length / size))
      t.deepEqual(await walkBack(node, size), whole)
    }),
    { numRuns: 12 },
  )
})

test('a page tells whether there are more on either side, and the total count', async (t) => {
  const node = await runningNode(t)
  await withNodes(node, names.slice(0, 4))
  const first = await pageOf(node, { first: 2 })
  t.like(first, { totalCount: 5, pageInfo: { hasNextPage: true, hasPreviousPage: false } })
  t.is(first.pageInfo.startCursor, first.edges[0]?.cursor ?? null)
  t.is(first.pageInfo.endCursor, first.edges[1]?.cursor ?? null)
  const rest = await pageOf(node, { first: 3, after: first.pageInfo.endCursor })
  t.like(rest, { totalCount: 5, pageInfo: { hasNextPage: false } })
  t.is(rest.edges.length, 3)
  t.like(await pageOf(node, { first: 1, filter: { search: 'nobody is named so' } }), { totalCount: 0, edges: [] })
})

test('nodes added or removed between pages neither repeat nor hide others', async (t) => {
  const node = await runningNode(t)
  await withNodes(node, ['b', 'd', 'f', 'h'])
  const whole = idsOf(await pageOf(node, {}))
  const first = await pageOf(node, { first: 3 })
  await withNodes(node, ['a', 'c'])
  await node.services.members.registry.remove(whole[2] ?? '')
  const rest = await pageOf(node, { first: 10, after: first.pageInfo.endCursor })
  t.deepEqual(idsOf(rest), whole.slice(3))
})

test('filters and pages can be combined', async (t) => {
  const node = await runningNode(t)
  await withNodes(node, names)
  const { ids } = await walk(node, 1, { status: ['OFFLINE'], search: 'node' })
  t.is(ids.length, 3)
  t.false(ids.includes(node.id))
})

test('first and last are 1 to 500', async (t) => {
  const node = await runningNode(t)
  for (const list of ['nodes', 'apps', 'operations']) {
    for (const size of [0, -1, 501]) {
      for (const field of ['first', 'last']) {
        const { data, errors } = await node.graphql(`{ ${list}(${field}: ${size}) { totalCount } }`)
        t.is(data, null)
        t.like(errors[0].extensions, { code: 'INVALID_INPUT', fields: [{ field }] })
      }
    }
    t.is((await node.graphql(`{ ${list}(first: 2000000000) { totalCount } }`)).errors[0].extensions.code, 'INVALID_INPUT')
    for (const size of [1, 500]) t.is((await node.graphql(`{ ${list}(first: ${size}) { totalCount } }`)).errors, undefined)
    t.is((await node.graphql(`{ ${list}(first: null, after: null) { totalCount } }`)).errors, undefined)
  }
})

test('without first a page has 50', async (t) => {
  const node = await runningNode(t)
  await withNodes(
    node,
    Array.from({ length: 55 }, (_, index) => `worker-${index}`),
  )
  const { edges, totalCount, pageInfo } = await pageOf(node, {})
  t.deepEqual({ edges: edges.length, totalCount, more: pageInfo.hasNextPage }, { edges: 50, totalCount: 56, more: true })
})

test('invented cursors are refused or give a page, and never an internal error', async (t) => {
  const node = await runningNode(t)
  await withNodes(node, ['a', 'b'])
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (after) => {
      const { data, errors } = await node.graphql('query ($after: String) { nodes(after: $after) { totalCount } }', { after })
      t.true(data?.nodes.totalCount === 3 || errors[0].extensions.code === 'INVALID_INPUT')
    }),
    { numRuns: 50 },
  )
  t.deepEqual(
    node.log.filter(({ level }) => level === 'error'),
    [],
  )
})
