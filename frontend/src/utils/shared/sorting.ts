/** How a list is sorted, as the URL has it: a column, with `-` in front from the greatest down. Empty: trouble first. */
export interface Sorting {
  by: string
  falling: boolean
}

export const sortingOf = (text: string): Sorting => ({ by: text.replace(/^-/, ''), falling: text.startsWith('-') })

/** What a press on a column's header asks for next: up, down, then trouble first again. */
export function nextSorting(text: string, column: string): string {
  if (text === column) return `-${column}`
  return text === `-${column}` ? '' : column
}

export type Order<Item> = (a: Item, b: Item) => number

/** @param orders by column; the one with an empty name is used without one, and among equals */
export function sorted<Item>(items: Item[], text: string, orders: Record<string, Order<Item>>): Item[] {
  const { by, falling } = sortingOf(text)
  const [chosen, usual] = [orders[by], orders['']]
  const sign = falling ? -1 : 1
  return items.toSorted((a, b) => sign * (chosen?.(a, b) ?? 0) || (usual?.(a, b) ?? 0))
}
