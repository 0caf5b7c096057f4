import { createRoute } from '@hono/zod-openapi'
import { folderParams, folderQuery, folderRefusals } from '../cluster/calls/folder-calls.ts'
import { composeOnDiskWire, foldersWire, foundProjectsWire, toWire } from '../wire.ts'
import { invalid, json, problem } from './route-parts.ts'
import type { Router } from './router.ts'

const refusals = { 400: invalid, 404: problem(folderRefusals[404]), 503: problem(folderRefusals[503]) }

const list = createRoute({
  method: 'get',
  path: '/api/folders',
  tags: ['apps'],
  summary: 'Lists folders with content that are not apps yet',
  request: { query: folderQuery },
  responses: { 200: json(foldersWire, 'At most 500, sorted by name'), ...refusals },
})
const projects = createRoute({
  method: 'get',
  path: '/api/compose-projects',
  tags: ['apps'],
  summary: 'Lists Compose projects on a node that are not apps yet',
  request: { query: folderQuery },
  responses: { 200: json(foundProjectsWire, 'At most 200, sorted by name'), ...refusals },
})
const compose = createRoute({
  method: 'get',
  path: '/api/folders/{name}/compose',
  tags: ['apps'],
  summary: 'Returns the Compose file in a folder, as it is on disk',
  request: { params: folderParams, query: folderQuery },
  responses: { 200: json(composeOnDiskWire.nullable(), 'Null if there is none'), ...refusals },
})

/** Routes for the app folders on a node. */
export function serveFolders(router: Router): void {
  router.openapi(list, async (c) => {
    const { apps, nodes } = c.get('user')
    const { node_id: nodeId = nodes.selfId } = c.req.valid('query')
    return c.json((await apps.preparedFolders(nodeId)).map(toWire), 200)
  })
  router.openapi(projects, async (c) => {
    const { apps, nodes } = c.get('user')
    const { node_id: nodeId = nodes.selfId } = c.req.valid('query')
    return c.json((await apps.composeProjects(nodeId)).map(toWire), 200)
  })
  router.openapi(compose, async (c) => {
    const { apps, nodes } = c.get('user')
    const { node_id: nodeId = nodes.selfId } = c.req.valid('query')
    return c.json(await apps.composeOnDisk(nodeId, c.req.valid('param').name), 200)
  })
}
