import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { actBody, engineCalls, engineRefusals } from '../cluster/calls/engine-calls.ts'
import { idParam } from '../cluster/calls/declared-call.ts'
import { nodeContainerWire } from '../engine-wire.ts'
import { notFound } from '../errors.ts'
import { toWire } from '../wire.ts'
import { askedNodes } from './asked-nodes.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, listOf, nodeIdsQuery, problem, wholeList } from './route-parts.ts'
import type { HttpEnv, Router } from './router.ts'
import { serveCall } from './serve-call.ts'
import { asOf, nodeOf, ofNode, onNodes, weightOf } from './thing-parts.ts'

const knownContainerWire = nodeContainerWire
  .extend({
    node_id: z.string(),
    last_known_state: nodeContainerWire.shape.state.openapi({
      description: 'Equals `state` while the node is online and its Docker answers',
    }),
    as_of: asOf,
  })
  .openapi('KnownContainer')

const stateWord = nodeContainerWire.shape.state
const listQuery = nodeIdsQuery.extend({
  states: z
    .string()
    .transform((text) => listOf(text) ?? [])
    .pipe(z.array(stateWord))
    .optional()
    .openapi({ type: 'string', description: `Comma-separated: ${stateWord.options.join(', ')}` }),
  search: z.string().optional().openapi({ description: 'Part of the name, the image or the Compose project' }),
})
const one = '/api/nodes/{id}/containers/{container_id}'
const tags = ['containers']

const list = createRoute({
  method: 'get',
  path: '/api/containers',
  tags,
  summary: 'Lists the containers of all nodes, also stopped ones and those of no app',
  request: { query: listQuery },
  responses: { 200: json(z.array(knownContainerWire), 'What is known. On a node that is not online, `state` is `unknown`'), 400: invalid },
})
const get = createRoute({
  method: 'get',
  path: one,
  tags,
  request: { params: idParam.extend({ container_id: z.string() }) },
  responses: { 200: json(knownContainerWire, 'The container'), 404: problem(engineRefusals[404]) },
})

/** What was asked about a container that is not there. */
async function found<T>(asked: Promise<T | null>, id: string): Promise<T> {
  const answer = await asked
  if (answer === null) throw notFound('container', id)
  return answer
}
const engineOf = (c: Context<HttpEnv>) => c.get('user').engine

/** Containers of all nodes, whoever made them, for people and scripts. */
export function serveContainers(router: Router): void {
  router.get('/api/containers', takesOnly({ query: listQuery }))
  router.openapi(list, (c) => {
    const { states, search, ...nodes } = c.req.valid('query')
    const containers = engineOf(c).containers({ nodeIds: askedNodes(c.get('user'), nodes), states, search })
    return c.json(wholeList(containers, weightOf).map(toWire), 200)
  })
  router.openapi(get, (c) => {
    const { id, container_id: containerId } = c.req.valid('param')
    const container = engineOf(c).findContainer(id, containerId)
    if (!container) throw notFound('container', containerId)
    return c.json(toWire(container), 200)
  })

  const { containerDetails, containerProcesses, inspectContainer, containerAction } = engineCalls
  const people = onNodes('containers')
  serveCall(
    router,
    ofNode(containerDetails),
    ({ containerId }, c) => found(engineOf(c).details(nodeOf(c), containerId), containerId),
    people,
  )
  serveCall(
    router,
    ofNode(containerProcesses),
    ({ containerId }, c) => found(engineOf(c).processes(nodeOf(c), containerId), containerId),
    people,
  )
  serveCall(
    router,
    ofNode(inspectContainer),
    async ({ containerId }, c) => ({ json: await found(engineOf(c).inspection(nodeOf(c), containerId), containerId) }),
    people,
  )
  router.post(`${one.replaceAll(/\{(\w+)\}/g, ':$1')}/action`, takesOnly({ query: z.object({}), body: actBody }))
  const acting = { ...containerAction, answer: { ...containerAction.answer, status: 200 as const, schema: knownContainerWire } }
  serveCall(router, ofNode(acting), ({ containerId, action }, c) => engineOf(c).containerAction(nodeOf(c), containerId, action), people)
}
