import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { idParam, type AnsweredCall } from '../cluster/calls/declared-call.ts'
import type { HttpEnv } from './router.ts'

/** What the routes of containers, images, volumes and networks have in common. */

/** For people, what a node is asked about its Engine is at the node's path. */
export const onNodes = (tag: string) => ({ tag, pathOf: (path: string) => path.replace('/internal/engine/', '/nodes/{id}/') })

/** The call, with the node in its path. */
export const ofNode = <Input extends object, Output, Read>(call: AnsweredCall<Input, Output, Read>): AnsweredCall<Input, Output, Read> => ({
  ...call,
  params: idParam.extend(call.params?.shape ?? {}),
})
export const nodeOf = (c: Context<HttpEnv>): string => c.req.param('id') ?? ''

export const asOf = z.coerce.date().openapi({ type: 'string', format: 'date-time', description: 'When this was last known to be true' })

/** The approximate size of one in an answer. */
export const weightOf = (thing: object): number => JSON.stringify(thing).length
