import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { NodeApps } from '../cluster/node-router.ts'
import { composeOnDiskWire, foldersWire, toWire } from '../wire.ts'
import { invalid, json, problem } from './route-parts.ts'
import type { HttpEnv, Router } from './router.ts'

const nameParam = z.object({ name: z.string().openapi({ description: 'Name of an app, or of a folder that will become one' }) })

/** Routes for the app folders on a node. People name the node. Between nodes it is always the node that is called. */
export function folderRoutes(base: '/api/folders' | '/api/internal/folders', tag: string) {
  const query = z.object({
    node_id: z.string().optional().openapi({ description: 'Node to ask. Default: this node. Ignored between nodes' }),
  })
  const refusals = { 400: invalid, 404: problem('There is no node with this id'), 503: problem('The node is not online') }
  return {
    list: createRoute({
      method: 'get',
      path: base,
      tags: [tag],
      summary: 'Lists folders with content that are not apps yet',
      request: { query },
      responses: { 200: json(foldersWire, 'At most 500, sorted by name'), ...refusals },
    }),
    compose: createRoute({
      method: 'get',
      path: `${base}/{name}/compose`,
      tags: [tag],
      summary: 'Returns the Compose file in a folder, as it is on disk',
      request: { params: nameParam, query },
      responses: { 200: json(composeOnDiskWire.nullable(), 'Null if there is none'), ...refusals },
    }),
  }
}

type Folders = Pick<NodeApps, 'folders' | 'composeOnDisk'>

/** @param of returns the folders of the node that the caller means */
export function serveFolders(
  router: Router,
  routes: ReturnType<typeof folderRoutes>,
  of: (c: Context<HttpEnv>, nodeId: string | undefined) => Folders,
): void {
  router.openapi(routes.list, async (c) => c.json((await of(c, c.req.valid('query').node_id).folders()).map(toWire), 200))
  router.openapi(routes.compose, async (c) => {
    const found = await of(c, c.req.valid('query').node_id).composeOnDisk(c.req.valid('param').name)
    return c.json(found, 200)
  })
}
