import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { ensureTestImage, testImage } from './docker-image.ts'
import { freePort } from './free-port.ts'

/** The only user of a registry with `withLogin`. */
export const registryLogin = { username: 'someone', password: 'open sesame' }
/** Made with bcrypt, the only hash that the registry reads. */
const htpasswd = `someone:$2b$04$As0/P9mrirvqTjydPcKCBeKWiHXdadx7Nl/T1J1CMuU212T/y.zEy\n`

/** A registry on this machine that Docker pulls from without TLS. Stops after the test. @returns its host and port */
export async function startRegistry(t: Pick<ExecutionContext<unknown>, 'teardown'>, { withLogin = false } = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shtest-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  await writeFile(join(folder, 'htpasswd'), htpasswd)
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: folder } },
    http: { addr: host },
    ...(withLogin && { auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } } }),
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  const registry = spawn('docker-registry', ['serve', join(folder, 'config.json')], { stdio: 'ignore' })
  t.teardown(async () => {
    registry.kill()
    await rm(folder, { recursive: true, force: true })
  })
  while (!(await answers(host))) await nextTurn()
  return host
}

const answers = (host: string): Promise<boolean> =>
  fetch(`http://${host}/v2/`).then(
    ({ ok, status }) => ok || status === 401,
    () => false,
  )

const docker = 'application/vnd.docker'
const listType = `${docker}.distribution.manifest.list.v2+json`
const manifestType = `${docker}.distribution.manifest.v2+json`
const digestOf = (content: string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`
const loginHeader = `Basic ${Buffer.from(`${registryLogin.username}:${registryLogin.password}`).toString('base64')}`

async function put(url: URL | string, type: string, body: string): Promise<void> {
  const answer = await fetch(url, { method: 'PUT', headers: { 'Content-Type': type, Authorization: loginHeader }, body })
  if (!answer.ok) throw new Error(`the registry answered ${answer.status}: ${await answer.text()}`)
}

/** Pushes a manifest without layers. What differs makes another digest. @returns its entry for an index */
async function pushManifest(host: string, name: string, architecture: string, content: string) {
  const config = JSON.stringify({ architecture, os: 'linux', content, rootfs: { type: 'layers', diff_ids: [] } })
  const upload = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, { method: 'POST', headers: { Authorization: loginHeader } })
  const place = new URL(upload.headers.get('location') ?? '', `http://${host}`)
  place.searchParams.set('digest', digestOf(config))
  await put(place, 'application/octet-stream', config)
  const blob = { mediaType: `${docker}.container.image.v1+json`, size: config.length, digest: digestOf(config) }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: blob, layers: [] })
  const digest = digestOf(manifest)
  await put(`http://${host}/v2/${name}/manifests/${digest}`, manifestType, manifest)
  return { manifest, entry: { mediaType: manifestType, size: manifest.length, digest, platform: { architecture, os: 'linux' } } }
}

/** Pushes an image of one platform. @returns its digest */
export async function pushPlainImage(host: string, name: string, tag: string, content: string): Promise<string> {
  const { manifest, entry } = await pushManifest(host, name, 'amd64', content)
  await put(`http://${host}/v2/${name}/manifests/${tag}`, manifestType, manifest)
  return entry.digest
}

/** Pushes an image of several platforms: what is in it, by architecture. @returns its digest and that of each platform */
export async function pushIndex(host: string, name: string, tag: string, contents: Record<string, string>) {
  const pushed = await Promise.all(
    Object.entries(contents).map(([architecture, content]) => pushManifest(host, name, architecture, content)),
  )
  const manifests = pushed.map(({ entry }) => entry)
  const index = JSON.stringify({ schemaVersion: 2, mediaType: listType, manifests })
  await put(`http://${host}/v2/${name}/manifests/${tag}`, listType, index)
  return { digest: digestOf(index), of: Object.fromEntries(manifests.map(({ digest, platform }) => [platform.architecture, digest])) }
}

/** Pushes an image for an architecture that no test machine has. */
export async function pushForeignImage(host: string, name: string, tag: string): Promise<void> {
  await pushIndex(host, name, tag, { s390x: '' })
}

/** A registry that has the test image as `nginx:alpine`, for examples that use it. @returns its host and port */
export async function startRegistryWithTestImage(t: ExecutionContext<unknown>, docker = new Docker()): Promise<string> {
  const [host, image] = await Promise.all([startRegistry(t), ensureTestImage(docker)])
  const repo = `${host}/nginx`
  await docker.getImage(image).tag({ repo, tag: 'alpine' })
  t.teardown(() => docker.getImage(`${repo}:alpine`).remove({ force: true }))
  const progress = await docker.getImage(`${repo}:alpine`).push({ authconfig: { username: '', password: '' } })
  await new Promise<void>((resolve, reject) => docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())))
  return host
}

/** Pushes an image that runs under this name. What differs makes another image. It stays on this Engine until the test ends. */
export async function pushRunnable(
  t: Pick<ExecutionContext<unknown>, 'teardown'>,
  image: string,
  label = '',
  docker = new Docker(),
  change = '',
): Promise<string> {
  await ensureTestImage(docker)
  const [repo = '', tag = ''] = image.split(/:(?=[^:]*$)/)
  const commit = async (): Promise<void> => {
    const made = await docker.createContainer({ Image: testImage, Labels: { 'selfhostly.test': label } })
    const committed = made.commit({ repo, tag, changes: `LABEL variant=${label || 'none'}\n${change}` })
    await committed.finally(() => made.remove({ force: true }))
  }
  // The Engine reads all images for this, and fails when another test removes one at that moment.
  await commit().catch((error: unknown) => (/unrecognized image ID/.test(String(error)) ? commit() : Promise.reject(error as Error)))
  t.teardown(() =>
    docker
      .getImage(image)
      .remove({ force: true })
      .catch(() => undefined),
  )
  const progress = await docker.getImage(image).push({ authconfig: { ...registryLogin, serveraddress: repo.split('/')[0] ?? '' } })
  await new Promise<void>((resolve, reject) => docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())))
  return (await docker.getImage(image).inspect()).Id
}
