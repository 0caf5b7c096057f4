// `npm run dev`: the server, restarted on every change, and Vite with hot reload, which forwards everything else to the server.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endAll, endAllOnSignals, start } from './processes.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')

endAllOnSignals()
const server = start(join(bin, 'node'), ['--watch', '--watch-preserve-output', 'api/main.ts'], {
  cwd: root,
  env: { ...process.env, APP_ENV: 'development' },
})
const vite = start(join(bin, 'vite'), ['frontend'], { cwd: root })

// Neither is useful alone. When the server ends, `node --watch` keeps running and waits for the next change.
const code = await Promise.race([server.ended, vite.ended])
await endAll()
process.exitCode = code
