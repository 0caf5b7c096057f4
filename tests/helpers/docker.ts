import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get, type Agent, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { dockerEndpoint } from '../../api/docker/docker-endpoint.ts'
import { listImages } from '../../api/docker/list-images.ts'
import { ensureTestImage, testImage } from './docker-image.ts'

export { ensureTestImage, testImage }

export interface TestProject {
  /** Unique. Starts with `shtest-`. */
  name: string
  /** Absolute path of a temporary folder. */
  directory: string
  writeCompose(content: string): Promise<void>
}

/** Path of the Engine's socket. `npm test` may have started an Engine with its own socket. */
export const engineSocket = (): string => (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '')

/** The Engine's answer to a plain `node:http` request. */
export const askEngine = (path: string, agent: Agent | false): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { options } = dockerEndpoint(process.env['DOCKER_HOST'])
    get({ ...options, host: options.host ?? null, path, agent }, resolve).on('error', reject)
  })

export const uniqueName = (): string => `shtest-${randomBytes(5).toString('hex')}`

/** A Compose project with its own folder. Containers, networks, volumes and folder are removed after the test, even if it fails. */
export async function uniqueProject(t: ExecutionContext<unknown>): Promise<TestProject> {
  const name = uniqueName()
  const directory = await mkdtemp(join(tmpdir(), `${name}-`))
  t.teardown(async () => {
    await removeProject(name)
    await rm(directory, { recursive: true, force: true })
  })
  return { name, directory, writeCompose: (content) => writeFile(join(directory, 'compose.yaml'), content) }
}

/** Removes everything Docker has of a Compose project. */
export async function removeProject(name: string, docker = new Docker()): Promise<void> {
  const filters = { label: [`com.docker.compose.project=${name}`] }
  const containers = await docker.listContainers({ all: true, filters })
  await Promise.all(containers.map((c) => docker.getContainer(c.Id).remove({ force: true, v: true }).catch(ignoreGone)))
  const networks = await docker.listNetworks({ filters })
  await Promise.all(networks.map((n) => docker.getNetwork(n.Id).remove().catch(ignoreGone)))
  const { Volumes: volumes } = await docker.listVolumes({ filters: JSON.stringify(filters) })
  await Promise.all((volumes ?? []).map((v) => docker.getVolume(v.Name).remove().catch(ignoreGone)))
  const images = await listImages(docker, { filters: JSON.stringify(filters) })
  await Promise.all(images.map((i) => docker.getImage(i.Id).remove({ force: true }).catch(ignoreGone)))
  // Names that hold the images of versions for a rollback.
  const held = await listImages(docker, { filters: JSON.stringify({ reference: [`selfhostly.local/${name}/*`] }) })
  const names = held.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith(`selfhostly.local/${name}/`))
  await Promise.all(names.map((tag) => docker.getImage(tag).remove().catch(ignoreGone)))
}

/** Creates a container from the test image without starting it. It is removed after the test, even if the test fails. */
export async function createContainer(
  t: ExecutionContext<unknown>,
  options: Partial<Docker.ContainerCreateOptions> = {},
): Promise<Docker.Container> {
  const docker = new Docker()
  const image = await ensureTestImage(docker)
  const container = await docker.createContainer({ name: uniqueName(), Image: image, ...options })
  t.teardown(() => container.remove({ force: true, v: true }).catch(ignoreGone))
  return container
}

/** 404: already removed. 409: removal in progress. */
function ignoreGone(error: unknown): void {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (status !== 404 && status !== 409) throw error
}
