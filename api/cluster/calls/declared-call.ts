import { z } from '@hono/zod-openapi'
import type { CamelCasedPropertiesDeep, Simplify } from 'type-fest'
import type { AppOperation } from '../../apps/app-service.ts'
import type { Action, Named } from '../../auth/action.ts'
import type { AuditedAction } from '../../auth/audit-log.ts'
import type { Lenient } from '../../lenient.ts'
import type { Capability } from '../members/node-about.ts'

/**
 * What a call between nodes is, declared once. `http/serve-call.ts` makes the route from it, `NodeClient` the request. To its
 * caller and to the function that serves it, a call is an input and an output; on the way, the input's fields are in the path,
 * the query and the body.
 */

type Part = z.ZodObject | undefined
type Fields<P extends Part> = P extends z.ZodObject ? CamelCasedPropertiesDeep<z.output<P>> : unknown
type InputOf<Params extends Part, Query extends Part, Body extends Part> = Simplify<object & Fields<Params> & Fields<Query> & Fields<Body>>

const methods = ['GET', 'POST', 'PUT', 'DELETE'] as const
export type Method = (typeof methods)[number]

interface Declared<Input extends object> {
  /** Method and path. `GET` changes nothing, so it can be sent twice. Each `{part}` of the path is a field of the input. */
  route: `${Method} /api/internal/${string}`
  /** Only reads, though its input needs a body and so another method. */
  changesNothing?: boolean
  /** Which nodes answer it. On a primary, what every node answers is only for itself: no other node commands it or reads what runs there. */
  on: 'every-node' | 'primary' | 'secondary'
  summary?: string
  params?: z.ZodObject
  query?: z.ZodObject
  /** `isLenient`: a body that cannot be read does not fail the call, so the field values are passed on as they come. */
  body?: { schema: z.ZodObject; description: string; isLenient?: boolean }
  /** Why it is refused, by status. For people; see errors.ts for the codes. */
  refusals: Record<number, string>
  /** What the other node must be able to do for this input. */
  needs?: (input: Input) => Capability | undefined
}

type Content = { status: 200 | 202; schema: z.ZodType } | { status: 202 | 204; schema?: undefined }

type Answer<Output, Read> = Content & {
  description: string
  /** The answer must not be stored on the way. */
  isSecret?: boolean
  /** The JSON to send, or what becomes it. */
  write(output: Output): unknown
  /** Reads as much as possible of what another node sends. Null if it is not an answer to this call. */
  read(json: unknown): { value: Read } | null
}

/** A call with one answer. `Read` is what the caller gets of the `Output` of the node that it called. */
export interface AnsweredCall<Input extends object = object, Output = unknown, Read = Output> extends Declared<Input> {
  kind: 'answer'
  answer: Answer<Output, Read>
  /** How long the caller waits, if not for the usual time. */
  deadlineMs?: number
  /** If it is an action, the node that serves it writes it to its audit log. `named` and `outcome` say on what it acts. */
  action?: Action | undefined
  named?(input: Input): Named
  /** What the audit log adds to the name of its target. */
  words?(input: Input): string
  outcome?(output: Output): Partial<AuditedAction>
  /** The operation that the call starts, which goes on after the answer. */
  begun?(answer: Output | Read): AppOperation
  /** Whether the answer belongs to the node that was called. */
  isFrom?(answer: Read, nodeId: string): boolean
}

interface Streaming<Input extends object> extends Omit<Declared<Input>, 'body'> {
  contentType: string
  description: string
}

/** A call whose answer goes on until either side ends it. Its reader takes the bytes as they come, with its own limits. */
export interface StreamCall<Input extends object = object> extends Streaming<Input> {
  kind: 'stream'
}

/** A call in which both sides write until either ends it: what the caller writes is the body of the request. */
export interface DuplexCall<Input extends object = object> extends Streaming<Input> {
  kind: 'duplex'
}

/** The method and the path of a call, in which `{part}` stands for a field of the input. */
export function routeOf({ route }: Pick<Declared<object>, 'route'>): { method: Method; path: string } {
  const method = methods.find((each) => route.startsWith(`${each} `)) ?? 'GET'
  return { method, path: route.slice(method.length + 1) }
}

/** The input of a call. */
export type InputTo<Call> = Call extends AnsweredCall<infer Input, infer _Output, infer _Read> ? Input : never
/** What the caller gets. */
export type ReadOf<Call> = Call extends AnsweredCall<infer _Input, infer _Output, infer Read> ? Read : never

/** Who waits for the answer to a call. */
export interface Waiting {
  /** Aborts when nobody waits any longer. */
  signal?: AbortSignal | undefined
  /** The person or node that asked, by the name that people see. */
  by?: string | undefined
}

/** A function of this node for each of these calls. */
export type Handlers<Calls> = {
  [Name in keyof Calls]: Calls[Name] extends AnsweredCall<infer Input, infer Output, infer _Read>
    ? (input: Input, waiting?: Waiting) => Promise<Output>
    : never
}

/** These calls to one node, wherever it is. */
export type Asked<Calls> = { [Name in keyof Calls]: (input: InputTo<Calls[Name]>, waiting?: Waiting) => Promise<ReadOf<Calls[Name]>> }

type AnyCall = AnsweredCall<never, unknown, unknown>

/** A function for each call, which `ask` carries out. */
export const askEach = <Calls extends Record<string, AnyCall>>(
  calls: Calls,
  ask: <Input extends object, Output, Read>(call: AnsweredCall<Input, Output, Read>, input: Input, waiting?: Waiting) => Promise<Read>,
): Asked<Calls> =>
  Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [name, (input: never, waiting?: Waiting) => ask(call, input, waiting)]),
  ) as Asked<Calls>

/** Gives `serve` each call with its handler. */
export function serveEach<Calls extends Record<string, AnyCall>>(
  calls: Calls,
  handlers: Handlers<Calls>,
  serve: <Input extends object, Output, Read>(
    call: AnsweredCall<Input, Output, Read>,
    handler: (input: Input, waiting: Waiting) => Promise<Output>,
  ) => void,
): void {
  // A call and its handler have the same name, and so the same types.
  const handlerOf = handlers as Record<string, (input: never, waiting: Waiting) => Promise<unknown>>
  for (const [name, call] of Object.entries(calls)) if (handlerOf[name]) serve(call, handlerOf[name])
}

interface Parts<Params extends Part, Query extends Part, Body extends Part> {
  params?: Params
  query?: Query
  body?: { schema: Body & z.ZodObject; description: string; isLenient?: boolean }
}

/** Declares a call with one answer. */
export const answered = <
  Output,
  Read = Output,
  Params extends Part = undefined,
  Query extends Part = undefined,
  Body extends Part = undefined,
  Acts extends Action | undefined = undefined,
>(
  call: Omit<AnsweredCall<InputOf<Params, Query, Body>, Output, Read>, 'kind' | 'params' | 'query' | 'body' | 'action'> &
    Parts<Params, Query, Body> & { action?: Acts },
): AnsweredCall<InputOf<Params, Query, Body>, Output, Read> & { action: Acts } => ({ kind: 'answer', ...call, action: call.action as Acts })

/** The actions of these calls, under the same names. */
export const actionsOf = <Name extends string>(calls: Record<Name, { action: Action }>): Record<Name, Action> =>
  Object.fromEntries(Object.entries<{ action: Action }>(calls).map(([name, { action }]) => [name, action])) as Record<Name, Action>

type StreamingParts<Params extends Part, Query extends Part> = Omit<Streaming<InputOf<Params, Query, undefined>>, 'params' | 'query'> &
  Omit<Parts<Params, Query, undefined>, 'body'>

/** Declares a call whose answer is a stream. */
export const streamed = <Params extends Part = undefined, Query extends Part = undefined>(
  call: StreamingParts<Params, Query>,
): StreamCall<InputOf<Params, Query, undefined>> => ({ kind: 'stream', ...call })

/** Declares a call in which both sides write. */
export const duplex = <Params extends Part = undefined, Query extends Part = undefined>(
  call: StreamingParts<Params, Query>,
): DuplexCall<InputOf<Params, Query, undefined>> => ({ kind: 'duplex', ...call })

/** For an answer without content. */
export const nothing = { write: (): null => null, read: (): { value: undefined } => ({ value: undefined }) }

/** For answers that are worth reading in part. */
export const leniently =
  <Read>(reader: (json: unknown) => Lenient<Read>) =>
  (json: unknown): { value: Read } | null => {
    const { value } = reader(json)
    return value === null ? null : { value }
  }

export const idParam = z.object({ id: z.string().openapi({ description: 'UUID' }) })

/** Refusals that most calls have. */
export const refused = { 401: 'Wrong, missing or unknown node credentials' } as const
export const forbidden = { 403: 'The calling node is not allowed to do this here' } as const
