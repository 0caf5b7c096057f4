import { createHash } from 'node:crypto'
import type { ImageLayers } from '../docker/engine-things.types.ts'

/** Steps that never write a file, in the words of both of Docker's builders. */
const onlyConfigures =
  /^(\/bin\/sh -c #\(nop\)\s+)?(ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME)\b/

/**
 * The size of each layer. An image does not say which of its steps made one, only how many layers there are: those that wrote
 * something did, then come those that could have.
 */
function sizesOf({ layers, steps }: ImageLayers): number[] {
  const rank = ({ sizeBytes, madeBy }: ImageLayers['steps'][number]): number => (sizeBytes > 0 ? 0 : onlyConfigures.test(madeBy) ? 2 : 1)
  const chosen = steps
    .map((step, at) => ({ ...step, at }))
    .toSorted((a, b) => rank(a) - rank(b) || a.at - b.at)
    .slice(0, layers.length)
    .toSorted((a, b) => a.at - b.at)
  return layers.map((_layer, at) => chosen[at]?.sizeBytes ?? 0)
}

/** A layer is on the disk once for each stack of layers that it lies on. */
function stacksOf(layers: readonly string[]): string[] {
  let below = ''
  return layers.map((layer) => (below = createHash('sha256').update(`${below} ${layer}`).digest('base64url')))
}

/**
 * How much becomes free when images go: a layer takes its place until the last image that has it is gone.
 * @param images all of the Engine's; the steps only matter of those that may go
 */
export function createLayerCount(images: ReadonlyMap<string, ImageLayers>) {
  const stacks = new Map([...images].map(([id, { layers }]) => [id, stacksOf(layers)]))
  const users = new Map<string, number>()
  for (const stack of [...stacks.values()].flat()) users.set(stack, (users.get(stack) ?? 0) + 1)

  /** Bytes. Of an image that is not known, nothing. */
  return function freedBy(ids: readonly string[]): number {
    const left = new Map<string, number>()
    let freed = 0
    for (const id of ids) {
      const image = images.get(id)
      const sizes = image ? sizesOf(image) : []
      for (const [at, stack] of (stacks.get(id) ?? []).entries()) {
        const others = (left.get(stack) ?? users.get(stack) ?? 0) - 1
        left.set(stack, others)
        if (others === 0) freed += sizes[at] ?? 0
      }
    }
    return freed
  }
}
