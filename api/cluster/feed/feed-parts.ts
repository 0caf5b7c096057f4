import { jsonBytes } from '../../bounds.ts'
import { toWire } from '../../wire.ts'
import type { AppEvent } from './kinds/app.ts'
import type { OperationEvent } from './kinds/operation.ts'
import type { SnapshotEvent } from './kinds/snapshot.ts'

/** In bytes: the most apps, and the most operations, that one snapshot carries. Far below what its reader accepts in one event. */
const mostBytes = 2 * 2 ** 20
/** In bytes: what each item counts at least, because many small items are expensive too. */
const leastBytes = 1000

/**
 * Splits a snapshot into parts that a reader accepts. Apps that do not fit are listed in it by id and follow, like the
 * remaining operations, each in its own event.
 */
export function partsOfSnapshot(event: SnapshotEvent): (SnapshotEvent | AppEvent | OperationEvent)[] {
  const apps = split(event.apps)
  // The snapshot lists operations newest first. Those that follow it are sent oldest first.
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
