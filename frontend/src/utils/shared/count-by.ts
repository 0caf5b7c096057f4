/** How many items have each key. */
export function countBy<Item, Key extends string>(items: Item[], keyOf: (item: Item) => Key): Partial<Record<Key, number>> {
  const counts: Partial<Record<Key, number>> = {}
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1
  return counts
}
