import type { ContainerSetup } from '../../docker/engine.types.ts'
import { isMapping, mappingAt } from '../compose/draft-document.ts'
import { isInside } from '../compose/policy/host-paths.ts'

/**
 * What services mount from the project's folder now and would no longer mount. Relative paths start in the app's folder, and the next
 * start would mount new, empty folders there.
 *
 * @param model as Compose resolved it
 */
export function lostMounts(model: unknown, setups: ContainerSetup[], folder: string): string[] {
  const services = mappingAt(model, 'services')
  return setups.flatMap(({ service, mounts }) => {
    const kept = sourcesOf(services[service])
    const lost = mounts.filter(({ kind, source }) => kind === 'bind' && isInside(folder, source) && !kept.has(source))
    return lost.map(
      ({ source, target }) =>
        `${service} mounts ${source} at ${target} now, and this file does not. Write the whole path, not a relative one`,
    )
  })
}

/** Compose 1 prints `SOURCE:TARGET:MODE`. */
function sourcesOf(service: unknown): Set<string> {
  const volumes = isMapping(service) && Array.isArray(service['volumes']) ? service['volumes'] : []
  return new Set(
    volumes.flatMap((volume: unknown) => {
      if (typeof volume === 'string') return volume.split(':')[0] ?? []
      return isMapping(volume) && typeof volume['source'] === 'string' ? volume['source'] : []
    }),
  )
}
