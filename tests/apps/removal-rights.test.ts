import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import Docker from 'dockerode'
import type { FolderEntry } from '../../api/apps/folder-entries.ts'
import { engineSocket, ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { appName, containersOf, nodeOf, web } from '../helpers/own-apps.ts'

const docker = new Docker()
const nobody = 65534
const entriesAsSomebody = fileURLToPath(new URL('../helpers/entries-as-somebody.ts', import.meta.url))

test.before(async () => void (await ensureTestImage()))

/** Runs as a server without root would. If the tests run as root, switches to another user for a while. */
async function asSomebody<T>(run: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return run()
  process.setegid?.(statSync(engineSocket()).gid)
  process.seteuid?.(nobody)
  try {
    return await run()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

/** Runs a command as root in a container that mounts a folder of this machine. */
async function asRoot(directory: string, command: string): Promise<void> {
  const container = await docker.createContainer({
    name: uniqueName(),
    Image: await ensureTestImage(),
    Cmd: ['sh', '-c', command],
    HostConfig: { Binds: [`${directory}:/folder`], AutoRemove: false },
  })
  await container.start()
  const { StatusCode } = (await container.wait()) as { StatusCode: number }
  await container.remove({ force: true })
  if (StatusCode !== 0) throw new Error(`${command} ended with ${StatusCode}`)
}

// A single test, because the whole process switches users.
test.serial("root's files block a removal by another user and are named on the app, which can be removed without them", async (t) => {
  const { apps, appsDir, outcome, removed, folder } = await nodeOf(t)
  // The test's own folder is closed to other users.
  chmodSync(folder, 0o755)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web() })
  const made = await outcome(created)
  t.is(made.status, 'succeeded', made.error ?? '')
  const { id } = created.app
  const directory = join(appsDir, name)
  mkdirSync(join(directory, 'mine'))
  writeFileSync(join(directory, 'mine/notes.txt'), 'mine')
  await asRoot(directory, `mkdir -p /folder/data/pg && echo 1 > /folder/data/pg/table`)
  // The folder belongs to the user that the server runs as, if the tests are allowed to change the owner.
  if (process.getuid?.() === 0)
    for (const path of ['', 'compose.yaml', 'mine', 'mine/notes.txt']) chownSync(join(directory, path), nobody, nobody)
  t.teardown(() => asRoot(directory, 'rm -rf /folder/data').catch(() => undefined))

  const child = fork(entriesAsSomebody, [directory])
  const [entries] = (await once(child, 'message')) as [FolderEntry[]]
  t.deepEqual(
    entries.map((entry) => [entry.name, entry.bytes, entry.obstacle]),
    [
      ['compose.yaml', Buffer.byteLength(web()), null],
      ['data', 2, 'this node has no permission to change data'],
      ['mine', 4, null],
    ],
    'the dialog shows this beforehand',
  )

  const failed = await asSomebody(async () => outcome(await apps.removeApp(id, { files: true })))
  t.is(failed.status, 'failed')
  t.regex(
    failed.error ?? '',
    /^could not delete everything in .*: data\/pg\/table \(it belongs to user 0, but this node runs as user \d+\)\. .*without its files/,
  )
  t.like(apps.get(id), { status: 'error', statusReason: `Removing it failed: ${failed.error}`, containers: [] })
  t.deepEqual(readdirSync(join(directory, 'data/pg')), ['table'])
  t.false(existsSync(join(directory, 'mine')), 'the rest is gone')
  t.deepEqual(await containersOf(name), [])

  const done = await asSomebody(async () => outcome(await apps.removeApp(id)))
  t.like(done, { status: 'succeeded', message: `Done: kept in the folder ${name} in APPS_DIR: data` })
  await removed.first((each) => each === id)
  t.deepEqual(readdirSync(directory), ['data'])
})
