import { z } from '@hono/zod-openapi'
import { appRefusals, createAppBody } from '../../app-wire.ts'
import type { AppContents } from '../../apps/versions/version.ts'
import type { Action } from '../../auth/action.ts'
import { bounds } from '../../bounds.ts'
import { allowanceWire, fromWire, toWire } from '../../wire.ts'
import { started, starts } from './app-calls.ts'
import { answered, idParam } from './declared-call.ts'

/** Calls that keep a copy of each app on the primary, and make an app again from it. */

const needs = () => 'app-copies' as const
const secret = z.boolean()
const copyWire = z.object({
  version: z.int(),
  contents: z.object({
    compose_content: z.string().max(bounds.app.composeBytes),
    environment: z.array(z.object({ name: z.string(), value: z.string(), secret })).max(bounds.app.variables),
    files: z.array(z.object({ path: z.string(), content: z.string(), secret })).max(bounds.app.files),
    profiles: z.array(z.string()).max(bounds.app.profiles),
  }),
})

/** What an app is made of, in plain. */
export interface PlainCopy {
  version: number
  contents: AppContents
}

export const copyCalls = {
  appCopy: answered({
    route: 'GET /api/internal/apps/{id}/copy',
    summary: 'Returns all that an app is made of, for the copy that its primary keeps encrypted',
    on: 'every-node',
    params: idParam,
    needs,
    refusals: { 404: appRefusals[404] },
    answer: {
      status: 200,
      description: 'The current version, with secrets',
      isSecret: true,
      schema: copyWire,
      write: (copy: PlainCopy) => toWire(copy),
      read(json: unknown): { value: PlainCopy } | null {
        const { data } = copyWire.safeParse(json)
        return data ? { value: fromWire(data) } : null
      },
    },
  }),

  createAgain: answered({
    route: 'POST /api/internal/apps/again',
    summary: "Makes an app again from the primary's copy, because its own node is down",
    ...starts,
    body: {
      schema: createAppBody.extend({
        id: z.guid().nullish().openapi({ description: 'The id of the app that is made. A repeated request finds it' }),
        reason: z.string().nullish(),
        allowances: z.array(allowanceWire).max(bounds.app.allowances),
      }),
      description: 'The app, with secrets and with what an administrator had allowed it',
    },
    needs,
    answer: started('The deployment was queued'),
    action: { word: 'app.recreate', permission: 'app.change', on: 'app' } satisfies Action,
  }),
}
