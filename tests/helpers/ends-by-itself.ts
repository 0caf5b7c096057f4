import { registerCompletionHandler } from 'ava'

// Loaded before every test file (`require` in package.json).

/** From the end of a file's last test until its process must be gone. */
const withinMs = 20_000

/** What keeps this process alive: all kinds, then the open handles, such as `tcp 127.0.0.1:41234 -> 127.0.0.1:8080`. */
function kept(): string[] {
  // No reverse DNS queries. Not in the types yet.
  Object.assign(process.report, { excludeNetwork: true })
  const { libuv } = process.report.getReport() as { libuv: Handle[] }
  const at = (end?: Endpoint | null): string => (end ? `${end.ip4 ?? end.ip6 ?? end.host}:${end.port}` : '?')
  const handles = libuv
    .filter((handle) => handle.is_active && handle.is_referenced)
    .map(({ type, localEndpoint, remoteEndpoint, pid }) => {
      if (type === 'tcp') return `tcp ${at(localEndpoint)} -> ${at(remoteEndpoint)}`
      return type === 'process' ? `process ${pid}` : type
    })
  return [process.getActiveResourcesInfo().join(' '), ...handles]
}

interface Endpoint {
  host?: string
  ip4?: string
  ip6?: string
  port: number
}

interface Handle {
  type: string
  is_active: boolean
  is_referenced: boolean
  localEndpoint?: Endpoint | null
  remoteEndpoint?: Endpoint | null
  pid?: number
}

registerCompletionHandler(() => {
  setTimeout(() => {
    console.error(`All tests have ended, but this file's process has not. It keeps open:\n${kept().join('\n')}`)
    process.exit(1)
  }, withinMs).unref()
})
