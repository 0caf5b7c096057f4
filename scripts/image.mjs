// `npm run image`: builds the container image selfhostly:local from the finished program. docs/install.md says more.
//   npm run image -- NAME:TAG           another name; what follows it goes to `docker build`
//   npm run image -- NAME:TAG --push    also pushes it
//   npm run image -- --files            only puts the program into .cache/image, from where docker/Dockerfile copies it
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endAllOnSignals, run, start } from './processes.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, '.cache', 'image')
const program = join(folder, 'selfhostly')

/** What the bundle leaves outside (scripts/bundle.mjs). */
const packages = ['better-sqlite3', 'pino', 'pino-pretty', 'ssh2']
/** Of better-sqlite3 only what runs, for the platforms of the image. Of all packages no types, maps and tests. */
const unneeded = [
  /\/better-sqlite3\/(build|deps|src)(\/|$)/,
  /\/prebuilds\/(?!linux-(x64|arm64)\.node$)/,
  /\/node_modules\/[^/]+\/(test|tests|types|docs|benchmarks?|examples?)(\/|$)/,
  /\.[cm]?ts$|\.map$/,
]
const isNeeded = (path) => !unneeded.some((pattern) => pattern.test(path))

endAllOnSignals()
const [name = 'selfhostly:local', ...given] = process.argv[2]?.startsWith('--')
  ? [undefined, ...process.argv.slice(2)]
  : process.argv.slice(2)
try {
  await makeFiles()
  if (!given.includes('--files')) await build()
} catch (error) {
  console.error(`image: ${error.message}`)
  process.exitCode = 1
}

async function makeFiles() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(program, { recursive: true })
  for (const path of ['package.json', 'LICENSE', 'api/docker/empty.env', 'dist', 'frontend/dist'])
    copy(join(root, path), join(program, path))
  for (const file of ['selfhostly.mjs', 'install.sh']) copy(join(root, 'docker', file), join(program, file))
  copy(join(root, 'docker/selfhostly'), join(folder, 'bin/selfhostly'))
  chmodSync(join(folder, 'bin/selfhostly'), 0o755)
  for (const each of packages) copyPackage(each, root)
  const bundled = await run(process.execPath, [join(root, 'scripts/bundle.mjs'), '--commands', join(program, 'dist/commands')])
  if (bundled.code !== 0) throw new Error(`the commands could not be bundled:\n${bundled.output}`)
}

function copy(from, to) {
  cpSync(from, to, { recursive: true, dereference: true })
}

/** Copies a package and what it needs to the same places below the program. */
function copyPackage(name, user) {
  const from = findPackage(name, user)
  const to = join(program, relative(root, from))
  if (existsSync(to)) return
  cpSync(from, to, { recursive: true, filter: (path) => isNeeded(path) })
  const { dependencies = {} } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))
  // better-sqlite3 needs its dependency only to be compiled.
  if (name !== 'better-sqlite3') for (const each of Object.keys(dependencies)) copyPackage(each, from)
}

/** Where Node would find it. */
function findPackage(name, user) {
  const found = join(user, 'node_modules', name)
  if (existsSync(found)) return found
  if (user === dirname(user)) throw new Error(`the package ${name} is not installed`)
  return findPackage(name, dirname(user))
}

async function build() {
  const pushes = given.includes('--push')
  const options = given.filter((option) => option !== '--push')
  // Only buildx builds for several processors, and pushes what it built because the Engine cannot hold it.
  const isForMany = options.some((option) => option.startsWith('--platform'))
  const file = ['--file', join(root, 'docker/Dockerfile'), '--tag', name, '--build-arg', `IMAGE=${name}`]
  await docker(...(isForMany ? ['buildx', 'build', ...(pushes ? ['--push'] : [])] : ['build']), ...file, ...options, folder)
  if (pushes && !isForMany) await docker('push', name)
}

async function docker(...args) {
  const { ended } = start('docker', args, { detached: false })
  const code = await ended
  if (code !== 0) throw new Error(`docker ${args[0]} failed (exit code ${code})`)
}
