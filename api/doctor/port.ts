import { createServer } from 'node:net'
import { fine, problem, warning, type Finding } from './finding.ts'
import { ownStart } from '../own-command.ts'
import { reach } from './reach.ts'

/** Whether the server answers at its address, or could. */
export async function checkPort({ host, port }: { host: string | undefined; port: number }): Promise<Finding[]> {
  const subject = 'Server'
  const isEverywhere = !host || host === '0.0.0.0' || host === '::'
  const name = isEverywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const { error } = await reach(`http://${name}:${port}`)
  if (error === null) return [fine(subject, `It answers at port ${port}`)]
  const busy = await listenError(host, port)
  if (busy === null) return [warning(subject, `It is not running. Port ${port} is free`, ownStart())]
  if (busy === 'EADDRINUSE')
    return [problem(subject, `Another program uses port ${port}`, 'Stop that program, or set SERVER_ADDRESS to another port')]
  return [
    problem(
      subject,
      `Nothing can listen on ${host ?? ''}:${port} (${busy})`,
      busy === 'EACCES'
        ? 'Ports below 1024 need root: set SERVER_ADDRESS to a higher one'
        : 'Set SERVER_ADDRESS to an address of this machine',
    ),
  ]
}

/** @returns the error's code; null if it works */
async function listenError(host: string | undefined, port: number): Promise<string | null> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<string | null>()
  server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
  server.listen({ port, ...(host && { host }) }, () => server.close(() => resolve(null)))
  return promise
}
