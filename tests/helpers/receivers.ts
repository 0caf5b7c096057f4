import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { SMTPServer } from 'smtp-server'

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** What a test reads of a webhook's message. */
export interface WebhookMessage {
  event: string
  alarm: { id: string; kind: string }
  node: { name: string } | null
}

/** A status, more than a status, or no answer at all. */
type Answer = number | { status: number; headers?: Record<string, string>; body?: Buffer } | 'hangs'

/** Something that messages are posted to. It answers with the next of `answers`, and with 200 after them. */
export async function httpReceiver(t: ExecutionContext, answers: Answer[] = []) {
  const received: Received[] = []
  const waiting: (() => void)[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const answer = answers.shift() ?? 200
      received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString('utf8') })
      if (answer !== 'hangs') {
        const { status, headers, body } = typeof answer === 'number' ? { status: answer, headers: {}, body: undefined } : answer
        response.writeHead(status, headers).end(body)
      }
      waiting.splice(0).forEach((wake) => wake())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    /** In place of the answers that are left. */
    answerNext: (...next: Answer[]): void => void answers.splice(0, Infinity, ...next),
    /** The first message of a webhook, from this one on, that matches. */
    async first(match: (message: WebhookMessage) => boolean, from = 0): Promise<WebhookMessage> {
      for (;;) {
        const found = received
          .slice(from)
          .map(({ body }) => JSON.parse(body) as WebhookMessage)
          .find(match)
        if (found) return found
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    /** Resolves when it has got so many. */
    async got(count: number): Promise<Received[]> {
      while (received.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
      return received
    },
  }
}

/** A mail server for the account `alarms` with the password `open sesame`. */
export async function mailServer(t: ExecutionContext) {
  const mails: { from: string; to: string[]; text: string }[] = []
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth({ username, password }, _session, callback) {
      if (username === 'alarms' && password === 'open sesame') callback(null, { user: username })
      else callback(new Error('Invalid login'))
    },
    onData(stream, { envelope }, callback) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(parts).toString('utf8') })
        callback()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.server.address() as AddressInfo
  return { host: '127.0.0.1', port: address.port, mails }
}
