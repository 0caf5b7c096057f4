import { createRoute, z } from '@hono/zod-openapi'
import { toWire } from '../wire.ts'
import { json, problem } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'

const backupsWire = z
  .object({
    folder: z.string().openapi({ description: 'On this node: BACKUP_DIR' }),
    files: z
      .array(z.object({ name: z.string(), size_bytes: z.number(), made_at: z.string() }))
      .openapi({ description: 'Newest first. They hold every key and secret of the node, so they are not served over the network' }),
    running_since: z.string().nullable().openapi({ description: 'Null when none is being made' }),
    failure: z
      .object({ at: z.string(), reason: z.string() })
      .nullable()
      .openapi({ description: 'Null if the last one was made, or none was tried since this node started' }),
    next_at: z.string().nullable().openapi({ description: 'Null without BACKUP_SCHEDULE' }),
  })
  .openapi('Backups')

const findingsWire = z
  .array(
    z.object({ subject: z.string(), state: z.enum(['fine', 'warning', 'problem']), message: z.string(), remedy: z.string().nullable() }),
  )
  .openapi('DoctorFindings')

/** Backups of the node that answers, and what its doctor finds. */
export function upkeepRoutes(): Router {
  const router = createRouter()
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/backups',
      tags: ['backups'],
      responses: { 200: json(backupsWire, 'The backups of this node') },
    }),
    async (c) => c.json(toWire(await c.get('user').backups.state()), 200),
  )
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/backups',
      tags: ['backups'],
      responses: { 202: json(backupsWire, 'A backup has begun'), 409: problem('One is being made already') },
    }),
    async (c) => c.json(toWire(await c.get('user').backups.make()), 202),
  )
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/doctor',
      tags: ['doctor'],
      responses: { 200: json(findingsWire, 'What this node needs, what is wrong with it and what to do. Takes seconds') },
    }),
    async (c) => c.json(await c.get('user').doctor.look(), 200),
  )
  return router
}
