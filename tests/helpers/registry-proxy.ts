import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

/** What the proxy does with a request instead of passing it on; undefined passes it on. */
export type Instead = (request: IncomingMessage, answer: ServerResponse) => true | undefined

/** A proxy before a registry on this machine, over real HTTP. It writes down what is asked, and can answer by itself. */
export async function registryProxy(t: ExecutionContext<unknown>, behind: string) {
  const asked: { line: string; authorization: string | undefined }[] = []
  const proxy = { asked, instead: undefined as Instead | undefined, headers: {} as Record<string, string>, without: [] as string[] }
  const server = createServer((incoming, answer) => {
    asked.push({ line: `${incoming.method} ${incoming.url}`, authorization: incoming.headers.authorization })
    if (proxy.instead?.(incoming, answer)) return
    const [host = '', port = ''] = behind.split(':')
    const headers = { ...incoming.headers, host: behind }
    const onward = request({ host, port, method: incoming.method, path: incoming.url, headers }, (from) => {
      const kept = Object.entries(from.headers).filter(([name]) => !proxy.without.includes(name))
      answer.writeHead(from.statusCode ?? 502, { ...Object.fromEntries(kept), ...proxy.headers })
      from.pipe(answer)
    })
    onward.on('error', () => answer.writeHead(502).end())
    incoming.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(proxy, { host: `127.0.0.1:${(server.address() as AddressInfo).port}` })
}

/** Makes the proxy ask for a token, as Docker Hub and GHCR do, with the placeholder scope of the latter. */
export function askForToken(host: () => string, login: { username: string; password: string } | null): Instead {
  const expected = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
  return ({ url = '', headers }, answer) => {
    const { pathname, searchParams } = new URL(url, 'http://registry')
    if (pathname === '/token') {
      const isRight = (headers.authorization ?? null) === expected
      const token = Buffer.from(searchParams.get('scope') ?? '').toString('hex')
      answer.writeHead(isRight ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify({ token, expires_in: 300 }))
      return true
    }
    const [, repository = ''] = /^\/v2\/(.*)\/manifests\//.exec(pathname) ?? []
    const scope = Buffer.from(`repository:${repository}:pull`).toString('hex')
    if (headers.authorization === `Bearer ${scope}`) return undefined
    const challenge = `Bearer realm="http://${host()}/token",service="test",scope="repository:user/image:pull"`
    answer.writeHead(401, { 'www-authenticate': challenge }).end()
    return true
  }
}
