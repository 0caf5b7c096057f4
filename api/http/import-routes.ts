import { createRoute } from '@hono/zod-openapi'
import { appOperationWire, importAppBody, presentAppOperation } from '../app-wire.ts'
import { importRefusals } from '../cluster/calls/import-calls.ts'
import { fromWire, importPreviewWire, toWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, nodeQuery, problem } from './route-parts.ts'
import type { Router } from './router.ts'

const paths = { start: '/api/compose-projects/import', preview: '/api/compose-projects/preview' }

const base = {
  method: 'post' as const,
  tags: ['apps'],
  request: { query: nodeQuery, body: { ...json(importAppBody, 'The project'), required: true } },
}
const refusals = {
  400: invalid,
  404: problem(importRefusals[404]),
  409: problem(importRefusals[409]),
  422: problem(importRefusals[422]),
  503: problem(importRefusals[503]),
}

const start = createRoute({
  ...base,
  path: paths.start,
  summary: 'Makes an app of a Compose project that runs on a node, without restarting it. Administrators only',
  responses: { 202: json(appOperationWire, 'The import was queued'), ...refusals },
})
const preview = createRoute({
  ...base,
  path: paths.preview,
  summary: 'Shows what an import would make. Changes nothing. Administrators only',
  responses: { 200: json(importPreviewWire, 'The app as it would be, without the values of secrets'), ...refusals },
})

/** Routes that make apps of what runs already. */
export function serveImport(router: Router): void {
  for (const path of Object.values(paths)) router.post(path, takesOnly({ query: nodeQuery, body: importAppBody }))
  router.openapi(start, async (c) => {
    const { apps, nodes } = c.get('user')
    const nodeId = c.req.valid('query').node_id || nodes.selfId
    return c.json(presentAppOperation(await apps.importApp(nodeId, fromWire(c.req.valid('json')))), 202)
  })
  router.openapi(preview, async (c) => {
    const { apps, nodes } = c.get('user')
    const nodeId = c.req.valid('query').node_id || nodes.selfId
    return c.json(toWire(await apps.importPreview(nodeId, fromWire(c.req.valid('json')))), 200)
  })
}
