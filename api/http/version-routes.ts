import { createRoute, z } from '@hono/zod-openapi'
import { idParam } from '../cluster/calls/declared-call.ts'
import { versionCalls, versionPage, versionParams } from '../cluster/calls/version-calls.ts'
import { appFilesWire, filesOnDiskWire, toWire, versionSummaryWire, versionWire } from '../wire.ts'
import { json, problem } from './route-parts.ts'
import type { Router } from './router.ts'

const { refusals } = versionCalls.appVersions
const responses = { 404: problem(refusals[404] ?? ''), 503: problem(refusals[503] ?? '') }
const path = '/api/apps/{id}/versions'

const list = createRoute({
  method: 'get',
  path,
  tags: ['apps'],
  summary: 'Lists the versions of an app, newest first, without their contents',
  request: { params: idParam, query: versionPage },
  responses: { 200: json(z.array(versionSummaryWire), 'The versions'), ...responses },
})
const one = createRoute({
  method: 'get',
  path: `${path}/{number}`,
  tags: ['apps'],
  summary: 'Returns one version of an app, without the values of secrets and the contents of files',
  request: { params: versionParams },
  responses: { 200: json(versionWire, 'The version'), ...responses },
})
const files = createRoute({
  method: 'get',
  path: `${path}/{number}/files`,
  tags: ['apps'],
  summary: 'Returns the files of one version of an app, without the contents of secret ones',
  request: { params: versionParams },
  responses: { 200: json(appFilesWire, 'The files'), ...responses },
})

const changed = createRoute({
  method: 'get',
  path: '/api/apps/{id}/changed-files',
  tags: ['apps'],
  summary: 'Returns the files of an app that were changed on disk, without the contents of secret ones',
  request: { params: idParam },
  responses: { 200: json(filesOnDiskWire, 'As they are on disk. The Compose file is not among them'), ...responses },
})

/** Routes for the versions of an app and its files on disk. */
export function serveVersions(router: Router): void {
  router.openapi(list, async (c) => {
    const { versions } = await c.get('user').apps.versions({ ...c.req.valid('param'), ...c.req.valid('query') })
    return c.json(versions.map(toWire), 200)
  })
  router.openapi(one, async (c) => {
    const { id, number } = c.req.valid('param')
    return c.json(toWire(await c.get('user').apps.appVersion(id, number)), 200)
  })
  router.openapi(changed, async (c) => {
    const { id } = c.req.valid('param')
    return c.json((await c.get('user').apps.changedFiles(id)).map(toWire), 200)
  })
  router.openapi(files, async (c) => {
    const { id, number } = c.req.valid('param')
    return c.json(await c.get('user').apps.versionFiles(id, number), 200)
  })
}
