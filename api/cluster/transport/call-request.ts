import type { z } from 'zod'
import { toWire } from '../../wire.ts'
import { routeOf, type AnsweredCall, type DuplexCall, type Method, type StreamCall } from '../calls/declared-call.ts'

export interface CallRequest {
  method: Method
  /** Relative to the node's endpoint, such as `/api/internal/apps`. */
  path: string
  body?: unknown
}

/** The request that carries a call's input: fields of the path, of the query, and the rest as the body. */
export function requestOf<Input extends object, Output, Read>(
  call: AnsweredCall<Input, Output, Read> | StreamCall<Input> | DuplexCall<Input>,
  input: Input,
): CallRequest {
  const fields = new Map<string, unknown>(Object.entries(toWire(input)))
  const partOf = (schema: z.ZodObject | undefined) =>
    Object.keys(schema?.shape ?? {}).flatMap((key) => (fields.get(key) === undefined ? [] : [[key, fields.get(key)] as const]))
  const { method, path } = routeOf(call)
  const query = new URLSearchParams(partOf(call.query).map(([key, value]) => [key, String(value)])).toString()
  return {
    method,
    path: path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(fields.get(key)))) + (query && `?${query}`),
    ...('body' in call && call.body ? { body: Object.fromEntries(partOf(call.body.schema)) } : {}),
  }
}
