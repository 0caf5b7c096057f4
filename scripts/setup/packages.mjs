import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs'
import { delimiter, join, sep } from 'node:path'
import { run } from '../processes.mjs'
import { SetupError } from './setup-error.mjs'

const WANTED_NODE = 24

/** Whether node_modules has what package-lock.json asks for. Also true after a plain `npm install`. */
export function packagesReady(root) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  const wanted = readPackages(join(root, 'package-lock.json'))
  if (!wanted) throw new SetupError('package-lock.json is missing: this checkout is incomplete')
  if (!installed) return false
  // Optional packages can be absent: they are for other platforms.
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || (installed[path] ? installed[path].version === entry.version : entry.optional || entry.devOptional),
  )
}

export async function installPackages(root) {
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new SetupError('node_modules is a symbolic link, and npm would empty the folder it points to. Remove the link and try again')
  }
  console.error('setup: installing packages (the first time, and whenever package-lock.json changes; takes a minute or two)')
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const { code, output } = await run('npm', args, { cwd: root, detached: false, env: machineEnvironment(), timeoutMs: 1_800_000 })
  if (code !== 0) {
    throw new SetupError(
      `npm ci failed (exit code ${code}). It needs the npm registry. Check the network or proxy and try again.\n${output}`,
    )
  }
}

/** Whether npm scripts will run on Node 24. They look in node_modules/.bin first. */
export function nodeReady(root) {
  const binary = nodeBinary(root)
  if (!existsSync(binary)) return false
  return versionOf(binary) === WANTED_NODE
}

/** The `node` package links its binary in an install script. Where those are off, this runs it. */
export async function checkNode(root) {
  console.error('setup: the install script of the package `node` did not run; running it now')
  const args = ['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error']
  const { code, output } = await run('npm', args, { cwd: root, detached: false, env: machineEnvironment() })
  if (code === 0 && nodeReady(root)) return
  throw new SetupError(
    `node_modules/.bin/node is not Node ${WANTED_NODE}. The npm package \`node\` provides it for Linux (glibc) and macOS. Elsewhere, install ` +
      `Node ${WANTED_NODE} and link it there: ln -sf "$(command -v node)" node_modules/.bin/node\n${output}`,
  )
}

const nodeBinary = (root) => join(root, 'node_modules', '.bin', 'node')

function versionOf(binary) {
  if (realpathSync(binary) === realpathSync(process.execPath)) return Number(process.versions.node.split('.')[0])
  try {
    return Number(execFileSync(binary, ['--version'], { encoding: 'utf8' }).slice(1).split('.')[0])
  } catch {
    return undefined
  }
}

function readPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined
}

/** For npm on the machine's own Node, because the one in node_modules is about to be replaced. */
export function machineEnvironment(env = process.env) {
  const path = (env.PATH ?? '').split(delimiter).filter((entry) => !entry.endsWith(`node_modules${sep}.bin`))
  return { ...env, PATH: path.join(delimiter) }
}
