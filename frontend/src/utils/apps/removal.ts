import type { RemovalItem } from '../../graphql/items.ts'
import { bytes, plural } from '../shared/format.ts'

export interface RemovalChoice {
  volumes: boolean
  files: boolean
}

/** Whether an item is removed with the app, given what is ticked. */
export const isRemoved = ({ goes: rule }: RemovalItem, { volumes, files }: RemovalChoice): boolean =>
  rule === 'ALWAYS' || (rule === 'WITH_VOLUMES' && volumes) || (rule === 'WITH_FILES' && files)

const nouns = { WITH_VOLUMES: 'volume', WITH_FILES: 'item' } as const

/** What a tick covers, such as `2 volumes, 1.4 GiB`. Unknown sizes are left out. */
export function amountOf(items: RemovalItem[], rule: keyof typeof nouns): string {
  const meant = items.filter((item) => item.goes === rule)
  const size = meant.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
  const isWhole = meant.every(({ sizeBytes }) => sizeBytes !== null)
  const count = plural(meant.length, nouns[rule])
  return size > 0 ? `${count}, ${isWhole ? '' : 'at least '}${bytes(size)}` : count
}

/** Docker names anonymous volumes with 64 hex digits, too long to show. */
export const shortName = ({ kind, name }: RemovalItem): string =>
  kind === 'VOLUME' && /^[0-9a-f]{64}$/.test(name) ? `${name.slice(0, 12)}…` : name

export const removalKindIcons = {
  CONTAINER: { word: 'Container', icon: 'i-lucide-box' },
  NETWORK: { word: 'Network', icon: 'i-lucide-network' },
  IMAGE: { word: 'Image', icon: 'i-lucide-layers' },
  VOLUME: { word: 'Volume', icon: 'i-lucide-database' },
  FOLDER: { word: 'Folder', icon: 'i-lucide-folder' },
  FILE: { word: 'File', icon: 'i-lucide-file' },
} as const satisfies Record<RemovalItem['kind'], { word: string; icon: string }>

/** Such as `2 containers, 1 volume (1.4 GiB)`. */
export function removalWords(items: RemovalItem[]): string {
  return (Object.keys(removalKindIcons) as RemovalItem['kind'][])
    .flatMap((kind) => {
      const meant = items.filter((item) => item.kind === kind)
      const size = meant.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
      const isData = kind === 'VOLUME' || kind === 'FOLDER' || kind === 'FILE'
      if (meant.length === 0) return []
      return plural(meant.length, removalKindIcons[kind].word.toLowerCase()) + (isData && size > 0 ? ` (${bytes(size)})` : '')
    })
    .join(', ')
}
