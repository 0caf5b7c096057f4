import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import test, { type ExecutionContext } from 'ava'
import { Hono } from 'hono'
import { limitBody } from '../../api/http/body-limit.ts'
import { errorToProblem } from '../../api/http/problem.ts'
import type { HttpEnv } from '../../api/http/router.ts'
import { createLog } from '../../api/log.ts'
import { callerOf, type Caller } from '../helpers/http-caller.ts'

/** A server that accepts ten bytes and returns how many it read. */
async function tenByteServer(t: ExecutionContext): Promise<Caller> {
  const app = new Hono<HttpEnv>()
  app.onError(errorToProblem(createLog({ level: 'silent' })))
  app.use(limitBody(10))
  app.post('/', async (c) => c.text(String((await c.req.text()).length)))
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings))
  const server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  return callerOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

test('reads a body up to the limit, whether its length is declared or not', async (t) => {
  const { send } = await tenByteServer(t)
  for (const body of ['', '0123456789', ['01234', '56789']]) {
    const { status, text } = await send('/', { method: 'POST', body })
    t.is(status, 200)
    t.is(text, String(body.length === 0 ? 0 : 10))
  }
})

test('refuses a longer body by its declared length, or as soon as too much has arrived', async (t) => {
  const { send } = await tenByteServer(t)
  for (const body of ['0123456789a', ['01234', '56789', 'a']]) {
    const { status, json } = await send('/', { method: 'POST', body })
    t.is(status, 413)
    t.is(json.code, 'PAYLOAD_TOO_LARGE')
  }
})
