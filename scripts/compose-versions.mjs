// Both versions of Compose, for the tests that run on both: 1.29, a separate program in Debian 12, and 2, a Docker plugin.
// This installs neither. If the machine has no plugin, it unpacks Debian 13's package into .cache/compose, where the next run finds it.
//   node scripts/compose-versions.mjs     run it like this before a test that you run without `npm test`
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './processes.mjs'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const pluginPath = 'usr/libexec/docker/cli-plugins/docker-compose'

/** The list that tests/helpers/compose-versions.ts reads: `[{ version, bin?, home? }]`, with each version's first PATH entry and HOME. */
const listFile = (root) => join(root, '.cache', 'compose', 'versions.json')

/**
 * @returns {Promise<{ toDo?: string, note?: string, dockerConfig?: string }>} what a person has to do first, or should know; the
 *   DOCKER_CONFIG that makes Docker find the unpacked Compose 2
 */
export async function prepareComposeVersions(root) {
  const folder = join(root, '.cache', 'compose')
  mkdirSync(folder, { recursive: true })
  const one = await versionOne(folder)
  const two = (await versionTwo()) ?? (await versionTwo(join(folder, 'home'))) ?? (await unpackedTwo(folder))
  if (two.toDo) return two
  if (!one && isDebian12()) return { toDo: 'The tests also need Compose 1.29. On Debian 12: sudo apt-get install docker-compose' }
  writeFileSync(listFile(root), JSON.stringify([...(one ? [one] : []), two], null, 2))
  const dockerConfig = two.home && join(two.home, '.docker')
  if (one) return { dockerConfig }
  return { dockerConfig, note: `Compose 1.29 is not on this machine, so tests/docker runs on ${two.version} only. Debian 12 has it.` }
}

/** Its PATH starts with a folder in which the `docker` program, which Compose 1.29 builds with, has no plugin, because the plugin would be preferred. */
async function versionOne(folder) {
  const file = pathOf('docker-compose')
  const version = file && (await versionOf(file, []))
  if (!version?.startsWith('1.')) return undefined
  const bin = join(folder, 'one')
  rmSync(bin, { recursive: true, force: true })
  mkdirSync(bin)
  symlinkSync(file, join(bin, 'docker-compose'))
  const withoutPlugin = `#!/bin/sh\n[ "$1" = compose ] && exit 1\nexec ${pathOf('docker')} "$@"\n`
  writeFileSync(join(bin, 'docker'), withoutPlugin, { mode: 0o755 })
  return { version, bin }
}

async function versionTwo(home) {
  const version = await versionOf('docker', ['compose'], home ? { HOME: home } : {})
  return version && { version, home }
}

async function unpackedTwo(folder) {
  const toDo = (why) => ({
    toDo: `The tests also need the Compose plugin ("docker compose"): ${why}. Install it.`,
  })
  if (!existsSync(keyring) || !pathOf('apt-get')) return toDo('it is not installed, and only Debian can provide it without installing')
  console.log("Unpacking Debian 13's docker-compose for the tests")
  const output = await unpack(join(folder, 'trixie'))
  const plugins = join(folder, 'home', '.docker', 'cli-plugins')
  mkdirSync(plugins, { recursive: true })
  rmSync(join(plugins, 'docker-compose'), { force: true })
  symlinkSync(join(folder, 'trixie', pluginPath), join(plugins, 'docker-compose'))
  return (await versionTwo(join(folder, 'home'))) ?? toDo(`Debian 13's package could not be unpacked and run:\n${output}`)
}

/** All of apt's own state is in `folder`, so this needs no privileges and leaves the machine's package lists as they are. */
async function unpack(folder) {
  rmSync(folder, { recursive: true, force: true })
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${keyring}] http://deb.debian.org/debian trixie main\n`)
  const settings = [
    `Dir::Etc::sourcelist=${folder}/sources.list`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}`,
    'Acquire::Languages=none',
    // The user that apt would switch to cannot write here.
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting])
  const update = await run('apt-get', [...settings, 'update', '-qq'])
  const download = await run('apt-get', [...settings, 'download', '-qq', 'docker-compose'], { cwd: folder })
  const extract = await run('sh', ['-c', 'dpkg-deb --extract docker-compose_*.deb .'], { cwd: folder })
  for (const name of readdirSync(folder)) if (name !== 'usr') rmSync(join(folder, name), { recursive: true })
  return [update, download, extract].map(({ output }) => output).join('')
}

async function versionOf(file, args, env = {}) {
  const { code, output } = await run(file, [...args, 'version', '--short'], { env: { ...process.env, ...env }, timeoutMs: 60_000 })
  return code === 0 ? /^v?(\d+\.\d+\S*)$/m.exec(output.trim())?.[1] : undefined
}

const pathOf = (name) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync)

export const isDebian12 = () => existsSync('/etc/os-release') && /^ID=debian$/m.test(osRelease()) && /^VERSION_ID="12"$/m.test(osRelease())
const osRelease = () => readFileSync('/etc/os-release', 'utf8')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { toDo, note } = await prepareComposeVersions(fileURLToPath(new URL('..', import.meta.url)))
  if (toDo ?? note) console.log(toDo ?? note)
  process.exitCode = toDo ? 1 : 0
}
