import type { Clock } from '../clock.ts'
import { toBuiltImage } from './thing-mapping.ts'
import { changed, createEngineClient } from './engine-client.ts'
import { listImages } from './list-images.ts'
import type { EngineImages } from './engine.types.ts'

/** @throws StartError when dockerHost is not an address */
export function createEngineImages(options: { clock: Clock; dockerHost?: string }): EngineImages {
  const client = createEngineClient(options)
  const { docker, ask } = client

  return {
    tag: (id, repo, tag) => changed(client, docker.getImage(id).tag({ repo, tag })),

    untag: (name) => changed(client, docker.getImage(name).remove()),

    async names(repositories) {
      const filters = JSON.stringify({ reference: [repositories] })
      const list = await ask((abortSignal) => listImages(docker, { filters, abortSignal }))
      return list.flatMap(({ RepoTags }) => RepoTags ?? [])
    },

    list: async () => (await ask((abortSignal) => listImages(docker, { abortSignal }))).map(toBuiltImage),
  }
}
