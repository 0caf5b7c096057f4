import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import Docker from 'dockerode'
import { WebSocket, type RawData } from 'ws'
import { ensureTestImage, testImage } from './docker-image.ts'
import type { Credentials } from './credentials.ts'
import { until } from './until.ts'

/** What a terminal has told: its output as text, and the rest in order. */
export interface OpenedTerminal {
  socket: WebSocket
  told: { type: string; id?: string; code?: number | string; message?: string; replayed?: number }[]
  output(): string
  type(text: string): void
  /** Resolves when the output has this text. */
  shows(text: string): Promise<void>
  /** The id of its session. */
  session(): Promise<string>
  closed: Promise<number>
}

interface Server {
  url: string
  headers?: Credentials
}

/** A running container of the test image, removed after the test. */
export async function runningContainer(
  t: { teardown(end: () => Promise<unknown>): void },
  labels: Record<string, string> = {},
): Promise<{ id: string; docker: Docker; processes(): Promise<string[]> }> {
  const docker = new Docker()
  await ensureTestImage(docker)
  const container = await docker.createContainer({
    Image: testImage,
    Labels: { 'shtest-terminal': '', ...labels },
    HostConfig: { NetworkMode: 'none', Init: true },
  })
  // A test may have removed it.
  t.teardown(() => container.remove({ force: true, v: true }).catch(() => undefined))
  await container.start()
  async function processes(): Promise<string[]> {
    const { Processes: rows } = (await container.top({ ps_args: '-eo pid,args' })) as { Processes: string[][] }
    return rows.map((row) => row[1] ?? '')
  }
  return { id: container.id, docker, processes }
}

export const terminalUrl = (url: string, nodeId: string, container: string, query = ''): string =>
  `${url.replace('http', 'ws')}/api/nodes/${nodeId}/containers/${container}/terminal${query && `?${query}`}`

/** Opens a terminal. @throws Error with the status, if the server refuses before it is open */
export async function openTerminal(
  { url, headers = {} }: Server,
  nodeId: string,
  container: string,
  query = '',
  more: Record<string, string> = {},
  protocols: string[] = ['selfhostly.terminal'],
): Promise<OpenedTerminal> {
  const socket = new WebSocket(terminalUrl(url, nodeId, container, query), protocols, { headers: { ...headers, ...more } })
  const told: OpenedTerminal['told'] = []
  let output = ''
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (isBinary) output += String(data)
    else told.push(JSON.parse(String(data)))
  })
  const closed = once(socket, 'close').then(([code]) => code as number)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('unexpected-response', (_request, { statusCode }: IncomingMessage) => reject(new Error(String(statusCode))))
    socket.on('error', reject)
  })
  return {
    socket,
    told,
    closed,
    output: () => output,
    type: (text) => socket.send(Buffer.from(text)),
    shows: (text) => until(() => output.includes(text)),
    async session() {
      await until(() => told.length > 0)
      return told[0]?.id ?? ''
    },
  }
}
