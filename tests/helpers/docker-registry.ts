import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { ensureTestImage } from './docker-image.ts'
import { freePort } from './free-port.ts'

/** A registry on this machine that Docker pulls from without TLS. Stops after the test. @returns its host and port */
export async function startRegistry(t: ExecutionContext<unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shtest-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  const config = { version: 0.1, log: { level: 'error' }, storage: { filesystem: { rootdirectory: folder } }, http: { addr: host } }
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
    ({ ok }) => ok,
    () => false,
  )

/** Pushes an image for an architecture that no test machine has. */
export async function pushForeignImage(host: string, name: string, tag: string): Promise<void> {
  const put = async (path: string, type: string, content: string): Promise<void> => {
    const answer = await fetch(`http://${host}/v2/${name}/${path}`, { method: 'PUT', headers: { 'Content-Type': type }, body: content })
    if (!answer.ok) throw new Error(`the registry answered ${answer.status}: ${await answer.text()}`)
  }
  const digestOf = (content: string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`
  const config = JSON.stringify({ architecture: 's390x', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } })
  const upload = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, { method: 'POST' })
  const place = new URL(upload.headers.get('location') ?? '', `http://${host}`)
  place.searchParams.set('digest', digestOf(config))
  await fetch(place, { method: 'PUT', headers: { 'Content-Type': 'application/octet-stream' }, body: config })
  const docker = 'application/vnd.docker'
  const mediaType = `${docker}.distribution.manifest.v2+json`
  const blob = { mediaType: `${docker}.container.image.v1+json`, size: config.length, digest: digestOf(config) }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config: blob, layers: [] })
  await put(`manifests/${digestOf(manifest)}`, mediaType, manifest)
  const entry = { mediaType, size: manifest.length, digest: digestOf(manifest), platform: { architecture: 's390x', os: 'linux' } }
  const listType = `${docker}.distribution.manifest.list.v2+json`
  await put(`manifests/${tag}`, listType, JSON.stringify({ schemaVersion: 2, mediaType: listType, manifests: [entry] }))
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
