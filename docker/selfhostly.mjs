// What the image and `install.sh --systemd` run: the server, or `selfhostly COMMAND`. In a container it first stops being root.
import { chownSync, copyFileSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const help = `Usage: selfhostly COMMAND
  link                                               prints a new sign-in link
  token --name NAME --scope read|operate|admin       prints an API token; --days 90 sets how long it is valid
  doctor                                             looks at everything that this node needs, and says what to do
  backup [FILE]                                      writes a backup
  restore FILE                                       restores one into an empty data folder
  identity                                           prints what a primary needs to register this node
  reset-role                                         forgets role and primary; the next start decides the role
  compose APP ARGS                                   runs Compose on an app with all of its variables
  rotate-secrets                                     encrypts all secrets with a new key
  install-script                                     prints the script that installs this version on a server
`

/** The user `node` of the official images. */
const usualOwner = { uid: 1000, gid: 1000 }

const commands = readdirSync(new URL('dist/commands/', import.meta.url))
  .filter((name) => name.endsWith('-command.js'))
  .map((name) => name.replace('-command.js', ''))

const [name = '', ...rest] = process.argv.slice(2)
if (name === 'health') {
  await askHealth()
} else if (name === 'install-script') {
  process.stdout.write(installScript())
} else if (name === 'server' || commands.includes(name)) {
  process.env.SELFHOSTLY_COMMAND ||= 'selfhostly'
  process.argv = [process.argv[0], process.argv[1], ...rest]
  leaveRoot()
  await import(name === 'server' ? './dist/main.js' : `./dist/commands/${name}-command.js`)
} else {
  process.stderr.write(help)
  process.exitCode = name === '' || name === 'help' || name === '--help' ? 0 : 1
}

/** Exit code 1 unless the server answers at its own address. */
async function askHealth() {
  const [, host, port] = /^(.*):(\d+)$/.exec(process.env.SERVER_ADDRESS?.trim() || ':8080') ?? ['', '', '8080']
  const name = ['', '0.0.0.0', '[::]'].includes(host) ? '127.0.0.1' : host
  const answer = await fetch(`http://${name}:${port}/api/health`).catch(() => null)
  process.exitCode = answer?.ok ? 0 : 1
}

/** The script, which installs the image that printed it unless it is told otherwise. */
function installScript() {
  const script = readFileSync(new URL('install.sh', import.meta.url), 'utf8')
  return script.replace(/^default_image=.*$/m, `default_image='${process.env.SELFHOSTLY_IMAGE ?? ''}'`)
}

/**
 * Docker's socket belongs to root and a group. Whoever is in that group can use it, so root is not needed, if the folders belong to
 * another user. Folders with content of root stay as they are, and so does the user: what apps wrote there is not this program's to change.
 */
function leaveRoot() {
  if (process.getuid?.() !== 0 || process.env.RUN_AS_ROOT === 'true') return
  const socket = statSync((process.env.DOCKER_HOST ?? '').replace('unix://', '') || '/var/run/docker.sock', { throwIfNoEntry: false })
  const folders = [dirname(process.env.DATABASE_PATH ?? ''), process.env.APPS_DIR ?? ''].filter((path) => path.startsWith('/'))
  const owners = folders.map(ownerOf)
  if (!socket || socket.gid === 0 || owners.includes('root') || portOf(process.env.SERVER_ADDRESS) < 1024) return
  const { uid, gid } = owners.find((owner) => typeof owner === 'object') ?? usualOwner
  folders.forEach((folder, at) => owners[at] === 'empty' && chownSync(folder, uid, gid))
  takeAlong(uid, gid)
  process.setgroups([socket.gid])
  process.setgid(gid)
  process.setuid(uid)
  // Root's own is closed to others.
  process.env.HOME = '/tmp'
}

/** A backup is often readable to root only. */
function takeAlong(uid, gid) {
  const file = name === 'restore' ? rest[0] : undefined
  if (!file || !existsSync(file)) return
  const copy = `/tmp/selfhostly-restore-${process.pid}`
  copyFileSync(file, copy)
  chownSync(copy, uid, gid)
  process.argv[2] = copy
  process.on('exit', () => rmSync(copy, { force: true }))
}

/** @returns 'absent', 'empty' if root has it and nothing is in it, 'root', or another user with its group */
function ownerOf(folder) {
  const facts = lstatSync(folder, { throwIfNoEntry: false })
  if (!facts) return 'absent'
  if (facts.uid !== 0) return { uid: facts.uid, gid: facts.gid }
  return readdirSync(folder).length === 0 ? 'empty' : 'root'
}

function portOf(address) {
  return Number(/:(\d+)$/.exec(address?.trim() ?? '')?.[1] ?? 8080)
}
