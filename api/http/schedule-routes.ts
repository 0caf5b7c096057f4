import { appCalls } from '../cluster/calls/app-calls.ts'
import { takesOnly } from './known-fields.ts'
import type { Router } from './router.ts'
import { forPeople, serveCall } from './serve-call.ts'
import { autoUpdateBody, schedulesBody } from '../app-wire.ts'

const people = forPeople('apps')

/** What is done to an app by itself, and when. Each replaces what was there. */
export function serveSchedules(router: Router): void {
  router.put('/api/apps/:id/schedules', takesOnly({ body: schedulesBody }))
  serveCall(router, appCalls.setAppSchedules, (input, c) => c.get('user').apps.setAppSchedules(input), people)
  router.put('/api/apps/:id/auto-update', takesOnly({ body: autoUpdateBody }))
  serveCall(router, appCalls.setAutoUpdate, (input, c) => c.get('user').apps.setAutoUpdate(input), people)
}
