import { z } from '@hono/zod-openapi'
import type { AuditEntry } from '../auth/audit-log.ts'
import { auditOutcomes } from '../auth/audit.entity.ts'
import { invalidInput } from '../errors.ts'
import { toWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { problem } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'

const moment = z.coerce.date('must be a date and time in ISO 8601').optional().openapi({ type: 'string', format: 'date-time' })

const query = z.object({
  actor: z.string().optional(),
  action: z.string().optional().openapi({ description: 'Prefix of the action: `app.` matches every action on apps' }),
  node_id: z.string().optional(),
  app_id: z.string().optional(),
  outcome: z.enum(auditOutcomes).optional(),
  search: z.string().optional().openapi({ description: 'Text anywhere in actor, token_name, action, subject, detail or address' }),
  since: moment,
  until: moment,
})

/** Lines per database query. The export repeats it until there are no more. */
const batchSize = 500

/** The audit log as JSON lines, for log collectors. */
export function auditRoutes(): Router {
  const router = createRouter()
  router.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/audit.jsonl',
    tags: ['audit'],
    request: { query },
    responses: {
      200: { content: { 'application/jsonl': { schema: z.string() } }, description: 'One entry per line, newest first' },
      400: problem('A field is invalid. `fields` names each one'),
      403: problem('For admins'),
    },
  })
  router.get('/api/audit.jsonl', takesOnly({ query }), async (c) => {
    const parsed = query.safeParse(c.req.query())
    if (!parsed.success) throw invalidInput(parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })))
    const { node_id: nodeId, app_id: appId, ...rest } = parsed.data
    const user = c.get('user')
    const read = (before?: number) => user.audit.list({ ...rest, nodeId, appId }, { limit: batchSize, before })
    const lines = toLines(await read(), read)
    return c.body(lines, 200, { 'content-type': 'application/jsonl', 'content-disposition': 'attachment; filename="audit.jsonl"' })
  })
  return router
}

function toLines(first: AuditEntry[], read: (before: number) => Promise<AuditEntry[]>): ReadableStream<Uint8Array> {
  let batch = first
  return new ReadableStream({
    async pull(controller) {
      const last = batch.at(-1)
      if (!last) return controller.close()
      controller.enqueue(new TextEncoder().encode(batch.map((entry) => `${JSON.stringify(toWire(lineOf(entry)))}\n`).join('')))
      batch = await read(last.id)
    },
  })
}

/** Each line of the export is one line of the log, so an action's outcome is a separate line. */
function lineOf({ ended: _, ...entry }: AuditEntry) {
  return entry
}
