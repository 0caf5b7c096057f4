import { createRoute, z } from '@hono/zod-openapi'
import { engineCalls, engineRefusals, pruneBody, pullBody } from '../cluster/calls/engine-calls.ts'
import { idParam } from '../cluster/calls/declared-call.ts'
import { imageWire, nodeNetworkWire, volumeWire } from '../engine-wire.ts'
import { notFound } from '../errors.ts'
import type { UserApi } from '../user/user-api.ts'
import type { ThingCriteria } from '../user/thing-criteria.ts'
import { toWire } from '../wire.ts'
import { askedNodes } from './asked-nodes.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, nodeIdsQuery, problem, wholeList } from './route-parts.ts'
import type { Router } from './router.ts'
import { serveCall } from './serve-call.ts'
import { asOf, nodeOf, ofNode, onNodes, weightOf } from './thing-parts.ts'

const known = {
  node_id: z.string(),
  used_by: z
    .array(z.object({ container_id: z.string(), name: z.string(), app_id: z.string().nullable() }))
    .openapi({ description: 'The containers that use it, also stopped ones' }),
  as_of: asOf,
}
const listQuery = nodeIdsQuery.extend({
  search: z.string().optional().openapi({ description: 'Part of a name' }),
  unused: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .optional()
    .openapi({ description: 'Only those that no container uses' }),
})

type Engine = UserApi['engine']

interface Things {
  wire: z.ZodObject
  list: (engine: Engine, wanted: ThingCriteria) => object[]
  remove: (engine: Engine, nodeId: string, id: string) => Promise<string>
}

const things: Record<'image' | 'volume' | 'network', Things> = {
  image: {
    wire: imageWire.extend(known).openapi('KnownImage'),
    list: (engine, wanted) => engine.images(wanted),
    remove: (engine, nodeId, id) => engine.removeImage(nodeId, id),
  },
  volume: {
    wire: volumeWire.extend(known).openapi('KnownVolume'),
    list: (engine, wanted) => engine.volumes(wanted),
    remove: (engine, nodeId, id) => engine.removeVolume(nodeId, id),
  },
  network: {
    wire: nodeNetworkWire.extend(known).openapi('KnownNetwork'),
    list: (engine, wanted) => engine.networks(wanted),
    remove: (engine, nodeId, id) => engine.removeNetwork(nodeId, id),
  },
}

function serveThings(router: Router, kind: keyof typeof things): void {
  const { wire, list, remove } = things[kind]
  const tags = [`${kind}s`]
  const refusals = { 404: problem(engineRefusals[404]), 409: problem(engineRefusals[409]), 503: problem(engineRefusals[503]) }
  router.get(`/api/${kind}s`, takesOnly({ query: listQuery }))
  router.openapi(
    createRoute({
      method: 'get',
      path: `/api/${kind}s`,
      tags,
      summary: `Lists the ${kind}s of all nodes, whoever made them`,
      request: { query: listQuery },
      responses: { 200: json(z.array(wire), 'What is known'), 400: invalid },
    }),
    (c) => {
      const { search, unused, ...nodes } = c.req.valid('query')
      const wanted = { nodeIds: askedNodes(c.get('user'), nodes), search, unused: unused === 'true' }
      return c.json(wholeList(list(c.get('user').engine, wanted), weightOf).map(toWire), 200)
    },
  )
  router.openapi(
    createRoute({
      method: 'delete',
      path: `/api/nodes/{id}/${kind}s/{thing_id}`,
      tags,
      summary: `Removes ${kind === 'image' ? 'an image' : `a ${kind}`} that nothing uses`,
      request: { params: idParam.extend({ thing_id: z.string().openapi({ description: 'Its id, or the name of a volume' }) }) },
      responses: { 204: { description: 'It is gone' }, ...refusals },
    }),
    async (c) => {
      const { id, thing_id: thingId } = c.req.valid('param')
      await remove(c.get('user').engine, id, thingId)
      return c.body(null, 204)
    },
  )
}

const nothing = z.object({})

/** Images, volumes and networks of all nodes, and what makes room on one, for people and scripts. */
export function serveAllThings(router: Router): void {
  serveThings(router, 'image')
  serveThings(router, 'volume')
  serveThings(router, 'network')
  const { pullImage, diskUsage, prune } = engineCalls
  router.post('/api/nodes/:id/images/pull', takesOnly({ query: nothing, body: pullBody }))
  serveCall(router, ofNode(pullImage), ({ image }, c) => c.get('user').engine.pullImage(nodeOf(c), image), onNodes('images'))
  serveCall(
    router,
    ofNode(diskUsage),
    async (_input, c) => {
      const usage = await c.get('user').engine.diskUsage(nodeOf(c))
      if (usage === null) throw notFound('node', nodeOf(c))
      return usage
    },
    onNodes('nodes'),
  )
  router.post('/api/nodes/:id/prune', takesOnly({ query: nothing, body: pruneBody }))
  serveCall(router, ofNode(prune), (input, c) => c.get('user').engine.prune(nodeOf(c), input), onNodes('nodes'))
}
