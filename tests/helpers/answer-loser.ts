import { once } from 'node:events'
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'

export interface SentRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** A proxy before a node that can lose the answers to changes: the node makes them, and the connection ends. Closed after the test. */
export async function answerLoser(t: ExecutionContext<unknown>, target: string) {
  const lost: SentRequest[] = []
  let loses = false
  async function pass(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = from
    const body = await text(from)
    const isLost = loses && method !== 'GET'
    const onward = request(new URL(path, target), { method, headers }, (answer) => {
      if (isLost) {
        lost.push({ method, path, headers, body })
        answer.resume().once('end', () => from.socket.destroy())
        return
      }
      to.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(to)
    })
    onward.once('error', () => from.socket.destroy())
    to.once('close', () => onward.destroy())
    onward.end(body)
  }
  const server = createServer((from, to) => void pass(from, to).catch(() => from.socket.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost,
    lose(answers: boolean): void {
      loses = answers
    },
  }
}
