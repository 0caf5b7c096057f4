import type { ProjectContainer } from '../docker/engine.types.ts'

/** Containers that keep a network from being removed, including stopped ones, which could not start without it. */
export const usersOfNetwork = ({ id, name }: { id: string; name: string }, containers: ProjectContainer[]): string[] =>
  containers.filter(({ networks }) => networks.includes(id) || networks.includes(name)).map((user) => `container ${user.name}`)

/** Containers that keep a volume from being removed. */
export const usersOfVolume = (volume: string, containers: ProjectContainer[]): string[] =>
  containers
    .filter(({ mounts }) => mounts.some(({ kind, source }) => kind === 'volume' && source === volume))
    .map(({ name }) => `container ${name}`)

/** Containers that keep an image from being removed. */
export const usersOfImage = (image: string, containers: ProjectContainer[]): string[] =>
  containers.filter(({ imageId }) => imageId === image).map(({ name }) => `container ${name}`)

/** Docker names an unnamed volume with 64 hexadecimal digits. It has no label that says which project it belongs to. */
export const isUnnamed = (volume: string): boolean => /^[0-9a-f]{64}$/.test(volume)

export const unnamedVolumes = (containers: ProjectContainer[]): string[] => [
  ...new Set(
    containers.flatMap(({ mounts }) => mounts.flatMap(({ kind, source }) => (kind === 'volume' && isUnnamed(source) ? source : []))),
  ),
]

/** More items would make a sentence unreadable. */
const maxNamed = 3

export const enumerate = (items: string[], separator = ', '): string =>
  items.length <= maxNamed ? items.join(separator) : `${items.slice(0, maxNamed).join(separator)} and ${items.length - maxNamed} more`
