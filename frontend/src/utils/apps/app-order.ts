import { rankOfApp } from '../../../../api/user/trouble.ts'
import type { AppItem } from '../../graphql/items.ts'
import { byName } from '../shared/format.ts'
import { updatableServices } from './image-updates.ts'

const name = (a: AppItem, b: AppItem): number => byName(a.name, b.name) || byName(a.id, b.id)

/** By the columns of the list. Without one, what needs attention comes first. */
export const appOrders = {
  '': (a: AppItem, b: AppItem): number => rankOfApp(a) - rankOfApp(b) || name(a, b),
  name,
  node: (a: AppItem, b: AppItem): number => byName(a.node.name, b.node.name),
  /** The last changed first. */
  updated: (a: AppItem, b: AppItem): number => b.updatedAt.localeCompare(a.updatedAt),
  containers: (a: AppItem, b: AppItem): number => a.containers.length - b.containers.length,
}

/** Whether someone should look at it: it failed, half runs, or is not as it should be. */
export const needsLook = (app: AppItem): boolean => rankOfApp(app) <= 2

/** What a list of apps can be narrowed to besides states. */
export const appNotes = {
  updates: {
    label: 'Newer images',
    icon: 'i-lucide-circle-arrow-up',
    color: 'info',
    has: (app: AppItem) => updatableServices(app).length > 0,
  },
  changed: { label: 'Changed on disk', icon: 'i-lucide-file-diff', color: 'warning', has: (app: AppItem) => app.changedOnDisk },
} as const

export type AppNote = keyof typeof appNotes
export const isAppNote = (word: string): word is AppNote => word in appNotes

/** What a search looks at. The server looks at the same. */
export function* wordsOfApp(app: AppItem, labels: { key: string; value: string }[]): Iterable<string | number | null | undefined> {
  yield* [app.name, app.description, app.node.name, ...labels.map(({ key, value }) => `${key}=${value}`)]
  for (const { service, image, ports } of app.containers) yield* [service, image, ...ports.map(({ hostPort }) => hostPort)]
}
