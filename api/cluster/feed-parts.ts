import { jsonBytes } from '../bounds.ts'
import { toWire } from '../wire.ts'
import type { FeedEvent } from './feed.ts'

/** What a snapshot holds of apps, and of operations, in bytes: far below what its reader takes at once. */
const mostBytes = 2 * 2 ** 20
/** Small things cost by their number. */
const leastBytes = 1000

/**
 * An event in pieces that a reader takes. Only a snapshot can be too large for one: what does not fit is named in it and
 * follows, each thing in an event of its own.
 */
export function partsOfEvent(event: FeedEvent): FeedEvent[] {
  if (event.type !== 'snapshot') return [event]
  const apps = split(event.apps)
  // The newest come first; those that follow are told in the order in which they were made.
  const operations = split(event.operations)
  if (apps.rest.length + operations.rest.length === 0) return [event]
  const otherApps = [...(event.otherApps ?? []), ...apps.rest.map(({ id }) => id)]
  return [
    { type: 'snapshot', apps: apps.first, operations: operations.first, otherApps },
    ...apps.rest.map((app) => ({ type: 'app', app }) as const),
    ...operations.rest.toReversed().map((operation) => ({ type: 'operation', operation }) as const),
  ]
}

function split<T extends object>(things: T[]): { first: T[]; rest: T[] } {
  let left = mostBytes
  const end = things.findIndex((thing) => (left -= Math.max(leastBytes, jsonBytes(toWire(thing)))) < 0)
  return end < 0 ? { first: things, rest: [] } : { first: things.slice(0, end), rest: things.slice(end) }
}
