import { readFileSync } from 'node:fs'
import test from 'ava'
import { clusterDocument, type OpenApiDocument } from '../../api/http/openapi.ts'
import { routesOf } from '../helpers/routes.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'

const methods = ['get', 'post', 'put', 'delete', 'patch', 'head', 'options'] as const

async function documentOf(node: RunningNode): Promise<OpenApiDocument> {
  const { status, json } = await node.send('/api/openapi.json')
  if (status !== 200) throw new Error(`the document is answered with ${status}`)
  return json
}

const described = (document: OpenApiDocument): string[] =>
  Object.entries(document.paths ?? {})
    .flatMap(([path, item]) => methods.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`))
    .toSorted()

const served = async (node: RunningNode): Promise<string[]> =>
  (await routesOf(node.services))
    .filter(({ method, path }) => method !== 'ALL' && (path.startsWith('/api/') || (method === 'PUT' && path === '/auth/password')))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    .toSorted()

test('docs/openapi.json is the served document; npm run openapi:print writes it', async (t) => {
  const [primary, secondary] = await Promise.all([runningNode(t), runningSecondary(t)])
  const committed: unknown = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'))
  t.deepEqual(committed, clusterDocument(await documentOf(primary), await documentOf(secondary)) as unknown)
})

test('describes every route of a primary and nothing else', async (t) => {
  const primary = await runningNode(t)
  const document = await documentOf(primary)
  t.deepEqual(described(document), await served(primary))
  t.true(described(document).includes('POST /api/internal/nodes/{id}/heartbeat'))
})

test('describes every route of a secondary and nothing else', async (t) => {
  const secondary = await runningSecondary(t)
  const document = await documentOf(secondary)
  t.deepEqual(described(document), await served(secondary))
  t.false(described(document).includes('POST /api/internal/nodes/{id}/heartbeat'))
})

test('the node surface needs node credentials, and nothing else does', async (t) => {
  const document = await documentOf(await runningNode(t))
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of methods) {
      if (item[method]) t.is(Boolean(item[method].security), path.startsWith('/api/internal/'), `${method} ${path}`)
    }
  }
})

test('describes every path parameter', async (t) => {
  const document = await documentOf(await runningNode(t))
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    for (const method of methods) {
      const parameters = item[method]?.parameters ?? []
      if (item[method])
        t.deepEqual(
          parameters.flatMap((p) => ('in' in p && p.in === 'path' ? p.name : [])),
          names,
          `${method} ${path}`,
        )
    }
  }
})
