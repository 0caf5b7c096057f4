import { bytes } from '../shared/format.ts'

interface Pruned {
  items: readonly { id: string; freesBytes: number | null }[]
  bytes: number
  unmeasured: number
}

/**
 * How much becomes free when only the chosen items go, such as `300 MB` or `at least 120 MB`; null when nothing is known.
 * Images that share layers free more together than each alone, so only the whole list has an exact sum.
 */
export function freedWords({ items, bytes: whole, unmeasured }: Pruned, chosen: readonly string[]): string | null {
  const goes = items.filter(({ id }) => chosen.includes(id))
  const isAll = goes.length === items.length
  const sum = isAll ? whole : goes.reduce((total, { freesBytes }) => total + (freesBytes ?? 0), 0)
  const isExact = isAll
    ? unmeasured === 0
    : whole === items.reduce((total, { freesBytes }) => total + (freesBytes ?? 0), 0) && unmeasured === 0
  if (sum === 0) return null
  return isExact ? bytes(sum) : `at least ${bytes(sum)}`
}
