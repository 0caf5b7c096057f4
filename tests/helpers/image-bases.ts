import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Readable } from 'node:stream'
import type { ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { tar, type TarEntry } from './tar.ts'

const applets = 'cat chown cp env grep id ls mkdir rm sed sh sleep stat tail test touch true'

/**
 * Stand-ins for the images that docker/Dockerfile starts from: this machine's own node, docker and Compose, their libraries, and Debian's
 * static busybox. There may be no registry to pull the real ones from. Removed after the test.
 *
 * @returns the names, as the Dockerfile's arguments
 */
export async function imageBases(t: Pick<ExecutionContext<unknown>, 'teardown'>, name: string): Promise<Record<string, string>> {
  const [docker, compose] = [programOnPath('docker'), composePlugin()]
  const clients: [string, string][] = [
    ['usr/local/bin/docker', docker],
    ['usr/local/libexec/docker/cli-plugins/docker-compose', compose],
  ]
  const libraries = [...new Set([process.execPath, docker, compose].flatMap(librariesOf))]
  const root = ['bin/', 'etc/', 'tmp/', 'root/', 'usr/local/bin/', 'var/run/'].map((path) => ({
    path,
    mode: path === 'tmp/' ? 0o1777 : 0o755,
  }))
  const node = [
    ...root,
    { path: 'bin/busybox', content: readFileSync('/bin/busybox') },
    ...applets.split(' ').map((applet) => ({ path: `bin/${applet}`, linkTo: 'busybox' })),
    { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n', mode: 0o644 },
    { path: 'etc/group', content: 'root:x:0:\nnode:x:1000:\n', mode: 0o644 },
    ...[process.execPath, ...libraries].map((path) => fileEntry(path === process.execPath ? 'usr/local/bin/node' : path.slice(1), path)),
  ]
  const cli = clients.map(([path, from]) => fileEntry(path, from))
  return {
    NODE_IMAGE: await importImage(t, `${name}/node`, node),
    DOCKER_CLI_IMAGE: await importImage(t, `${name}/docker-cli`, cli),
  }
}

const fileEntry = (path: string, from: string): TarEntry => ({ path, content: readFileSync(realpathSync(from)), mode: 0o755 })

async function importImage(t: Pick<ExecutionContext<unknown>, 'teardown'>, repo: string, entries: TarEntry[]): Promise<string> {
  const docker = new Docker()
  const options = { repo, tag: 'base', changes: ['ENV PATH=/usr/local/bin:/bin', 'CMD ["node"]'] }
  const progress = await docker.importImage(Readable.from([tar(entries)]), options)
  await new Promise<void>((resolve, reject) => docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())))
  t.teardown(() => docker.getImage(`${repo}:base`).remove({ force: true }))
  return `${repo}:base`
}

/** Absolute paths of the shared libraries and the loader of a program. Empty for a static one. */
function librariesOf(program: string): string[] {
  try {
    const listed = execFileSync('ldd', [realpathSync(program)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '')
  } catch {
    return []
  }
}

function programOnPath(name: string): string {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))
  return found.find((path) => existsSync(path)) ?? name
}

/** Where Docker looks for plugins. */
function composePlugin(): string {
  const folders = [
    process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'),
    ...['/usr/local/lib/docker', '/usr/local/libexec/docker', '/usr/lib/docker', '/usr/libexec/docker'],
  ]
  const found = folders.map((folder) => join(folder, 'cli-plugins/docker-compose')).find((path) => existsSync(path))
  if (!found) throw new Error('This machine has no Compose plugin')
  return found
}
