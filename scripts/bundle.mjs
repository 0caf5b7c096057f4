// Makes the server's bundle, dist/main.js: `npm start` runs it. One file to read instead of about two thousand takes half the time and
// processor of a start, and two thirds of the memory.
//   node scripts/bundle.mjs --commands FOLDER   the commands instead, for the image, which has no sources
import { globSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packages that stay outside: they load native parts or files of their own, or a worker. */
const external = ['better-sqlite3', 'pino', 'pino-pretty', 'thread-stream']

/** dockerode loads these for building images by BuildKit, which nothing here does: Compose builds. */
const unused = /^(@grpc\/|protobufjs)/

/** Only for an Engine behind `ssh://`, so loaded when a connection is made. */
const lazySsh = `
import { createRequire } from 'node:module'
const load = createRequire(import.meta.url)
export function Client() {
  const ssh = load('ssh2')
  return new ssh.Client()
}
`

const replaced = {
  name: 'replaced-packages',
  resolveId: (id) => (unused.test(id) || id === 'ssh2' ? `\0${unused.test(id) ? 'unused' : id}` : null),
  load: (id) => (id === '\0unused' ? 'export default {}' : id === '\0ssh2' ? lazySsh : null),
}

const commandsFolder = process.argv[2] === '--commands' ? process.argv[3] : undefined
/** What only the sources need is left out. */
const commands = globSync('api/commands/*-command.ts', { cwd: root }).filter((path) => !path.endsWith('/openapi-command.ts'))

const bundle = await rolldown({
  input: commandsFolder ? commands.map((path) => join(root, path)) : { main: `${root}api/main.ts` },
  cwd: root,
  platform: 'node',
  external,
  plugins: [replaced],
  checks: { commonJsVariableInEsm: false },
})
await bundle.write({
  dir: commandsFolder ? resolve(commandsFolder) : `${root}dist`,
  format: 'esm',
  cleanDir: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
})
await bundle.close()
