import { byName } from './format.ts'
import { labelText } from './labels.ts'
import type { Label } from './labels.ts'

export interface LabelGroup<Item> {
  /** Such as `env=lab`, or `no env`. */
  title: string
  /** Size of the whole group, even if a page shows only part of it. */
  count: number
  items: Item[]
}

const titleIn = (labels: Label[], key: string): string => {
  const label = labels.find((each) => each.key === key)
  return label ? labelText(label) : `no ${key}`
}

/**
 * Groups items by their value for a label key, items without the label last. Keeps the order within a group. An empty key gives
 * one group without a title.
 */
export function groupsOf<Item>(items: Item[], key: string, labelsOf: (item: Item) => Label[]): LabelGroup<Item>[] {
  if (key === '') return [{ title: '', count: items.length, items }]
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const title = titleIn(labelsOf(item), key)
    const members = groups.get(title)
    if (members) members.push(item)
    else groups.set(title, [item])
  }
  const without = `no ${key}`
  return [...groups]
    .map(([title, members]) => ({ title, count: members.length, items: members }))
    .sort((a, b) => Number(a.title === without) - Number(b.title === without) || byName(a.title, b.title))
}

/** The groups on a page of `size` items that starts at item `start`. */
export function pageOfGroups<Item>(groups: LabelGroup<Item>[], start: number, size: number): LabelGroup<Item>[] {
  let before = 0
  return groups.flatMap((group) => {
    const from = start - before
    before += group.count
    const items = group.items.slice(Math.max(0, from), Math.max(0, from + size))
    return items.length > 0 ? [{ ...group, items }] : []
  })
}
