import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { AppError } from '../errors.ts'
import type { HttpEnv } from './router.ts'

/**
 * Refuses a request body of more than `maxBytes` with PAYLOAD_TOO_LARGE. A declared length is judged by its header alone:
 * to look at the body makes a web stream of it, which costs more than all the rest of a heartbeat. Only a body that comes
 * in chunks, of which nobody knows the end, is counted as it is read.
 */
export function limitBody(maxBytes: number) {
  const refuse = (): never => {
    throw new AppError('PAYLOAD_TOO_LARGE', `A request body may have ${maxBytes} bytes at most`)
  }
  const counted = bodyLimit({ maxSize: maxBytes, onError: refuse })
  return createMiddleware<HttpEnv>(async (c, next) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = c.env.incoming.headers
    if (encoding !== undefined) return await counted(c, next)
    if (Number(length ?? 0) > maxBytes) refuse()
    await next()
  })
}
