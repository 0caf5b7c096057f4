import test from 'ava'
import { readFileSync } from 'node:fs'
import { curlOf, routesLike, sectionsOf, type OpenApi } from '../../../frontend/src/utils/reference/openapi.ts'

const document = JSON.parse(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')) as OpenApi
const sections = sectionsOf(document)
const find = (method: string, path: string) => {
  const route = sections.flatMap(({ routes }) => routes).find((each) => each.method === method && each.path === path)
  if (!route) throw new Error(`no ${method} ${path}`)
  return route
}

test('every route for people says what it does, and those of nodes are left out', (t) => {
  const routes = sections.flatMap((section) => section.routes)
  t.true(routes.length > 50)
  t.deepEqual(
    routes.filter(({ does, answers }) => does === '' || answers.length === 0).map(({ method, path }) => `${method} ${path}`),
    [],
  )
  t.false(routes.some(({ path }) => path.startsWith('/api/internal')))
})

test('a body is an example with its fields, and curl sends it', (t) => {
  const create = find('POST', '/api/apps')
  const body = JSON.parse(create.body ?? '') as Record<string, unknown>
  t.true('name' in body && 'compose_content' in body)
  t.deepEqual(body['allow'], ['capability:NET_ADMIN'])
  t.regex(curlOf(create, 'http://primary:8080'), /^curl -s -X POST "http:\/\/primary:8080\/api\/apps" .*Bearer \$TOKEN/s)
  t.regex(curlOf(find('GET', '/api/nodes/{id}'), 'http://p'), /"http:\/\/p\/api\/nodes\/\$ID"/)
})

test('all words of a search count', (t) => {
  const found = routesLike(sections, 'delete volumes').flatMap(({ routes }) => routes)
  t.true(found.some(({ method, path }) => method === 'DELETE' && path.includes('volumes')))
  t.true(found.every(({ method, path, does }) => /delete/i.test(`${method} ${path} ${does}`) && /volumes/i.test(`${path} ${does}`)))
  t.deepEqual(routesLike(sections, 'nothing-like-this'), [])
})
