import type { ProjectContainer, ProjectParts } from '../docker/engine.types.ts'

/** The containers of one app: another project of the same name has another folder. */
export const ownOf = (app: { name: string; directory: string }, { containers }: ProjectParts): ProjectContainer[] =>
  containers.filter(({ project, workingDir }) => project === app.name && workingDir === app.directory)

/** Who keeps a network from being removed; stopped ones too, since they could not start without it. */
export const usersOfNetwork = ({ id, name }: { id: string; name: string }, containers: ProjectContainer[]): string[] =>
  containers.filter(({ networks }) => networks.includes(id) || networks.includes(name)).map((user) => `container ${user.name}`)

/** Who keeps a volume from being removed. */
export const usersOfVolume = (volume: string, containers: ProjectContainer[]): string[] =>
  containers
    .filter(({ mounts }) => mounts.some(({ kind, source }) => kind === 'volume' && source === volume))
    .map(({ name }) => `container ${name}`)

/** Docker gives a volume without a name 64 hexadecimal digits. It has no label that says whose it is. */
export const isUnnamed = (volume: string): boolean => /^[0-9a-f]{64}$/.test(volume)

export const unnamedVolumes = (containers: ProjectContainer[]): string[] => [
  ...new Set(
    containers.flatMap(({ mounts }) => mounts.flatMap(({ kind, source }) => (kind === 'volume' && isUnnamed(source) ? source : []))),
  ),
]

/** More than these make a sentence unreadable. */
const maxNamed = 3

export const enumerate = (items: string[], separator = ', '): string =>
  items.length <= maxNamed ? items.join(separator) : `${items.slice(0, maxNamed).join(separator)} and ${items.length - maxNamed} more`
