import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { Clock } from '../clock.ts'
import { answered, changed, createEngineClient } from './engine-client.ts'
import type { EngineVolumes } from './engine.types.ts'

/** Where the volume is in the container. Archives carry this name, so it never changes. */
const mountPoint = 'selfhostly-volume'
const label = 'selfhostly.volume-copy'

/** @throws StartError when dockerHost is not an address */
export function createEngineVolumes(options: { clock: Clock; dockerHost?: string }): EngineVolumes {
  const client = createEngineClient(options)
  const { docker, ask } = client

  /** A copy that was killed left its container, which keeps the volume from being removed. */
  async function removeLeftovers(name: string): Promise<void> {
    const filters = { label: [`${label}=${name}`] }
    const left = await ask((abortSignal) => docker.listContainers({ all: true, filters, abortSignal }))
    await Promise.all(left.map(({ Id }) => changed(client, docker.getContainer(Id).remove({ v: true, force: true }))))
  }

  /** Lets `use` work with a container that has the volume. */
  async function within<T>(
    name: string,
    image: string,
    abortSignal: AbortSignal,
    use: (container: Docker.Container) => Promise<T>,
  ): Promise<T> {
    await removeLeftovers(name)
    const container = await answered(
      client,
      docker.createContainer({
        Image: image,
        // Never started. Some images have no command of their own, and the Engine wants one.
        ...{ Entrypoint: ['-'], Labels: { [label]: name }, NetworkDisabled: true, abortSignal },
        // Without `nocopy`, the Engine would put the image's files into an empty volume.
        HostConfig: { Binds: [`${name}:/${mountPoint}:nocopy`] },
      }),
    )
    try {
      return await use(container)
    } finally {
      await changed(client, container.remove({ v: true, force: true }))
    }
  }

  return {
    async find(name, abortSignal) {
      const request = docker.getVolume(name).inspect({ abortSignal })
      await changed(client, request)
      const found = await request.catch(() => null)
      return found && { name: found.Name, driver: found.Driver, options: found.Options ?? {}, labels: found.Labels ?? {} }
    },

    create: ({ name, driver, options: DriverOpts, labels: Labels }, abortSignal) =>
      changed(client, docker.createVolume({ Name: name, Driver: driver, DriverOpts, Labels, abortSignal })),

    read: (name, image, abortSignal, use) =>
      within(name, image, abortSignal, async (container) => {
        const archive = await answered(client, container.getArchive({ path: `/${mountPoint}`, abortSignal }))
        return use(Readable.from(archive))
      }),

    write: (name, image, archive, abortSignal) =>
      within(name, image, abortSignal, (container) => changed(client, container.putArchive(archive, { path: '/', abortSignal }))),
  }
}
