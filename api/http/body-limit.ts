import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { AppError } from '../errors.ts'
import type { HttpEnv } from './router.ts'

/**
 * Refuses request bodies over `maxBytes` with PAYLOAD_TOO_LARGE. If the request declares a length, only that header is checked:
 * touching the body turns it into a web stream, which costs more than the rest of a heartbeat. Only chunked bodies, whose length
 * is unknown, are counted as they are read.
 */
export function limitBody(maxBytes: number) {
  const refuse = (): never => {
    throw new AppError('PAYLOAD_TOO_LARGE', `The request body is too large. The limit is ${maxBytes} bytes`)
  }
  const counted = bodyLimit({ maxSize: maxBytes, onError: refuse })
  return createMiddleware<HttpEnv>(async (c, next) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = c.env.incoming.headers
    if (encoding !== undefined) return await counted(c, next)
    if (Number(length ?? 0) > maxBytes) refuse()
    await next()
  })
}
