import { z } from 'zod'
import type { App } from '../../../apps/app.ts'
import type { Operation } from '../../../apps/operation.ts'
import type { Lenient } from '../../../lenient.ts'
import { readApp, readOperation } from '../../../wire.ts'
import type { Unread } from '../../health/unreadable.ts'
import { nextTurn } from '../../limits/event-loop-turns.ts'
import { keyOf, nameOf, shaped, textOf, unreadOf, type FeedKind, type Reading } from '../feed-kind.ts'
import { partsOfSnapshot } from '../feed-parts.ts'
import type { AppEvent } from './app.ts'
import type { OperationEvent } from './operation.ts'

export interface SnapshotEvent {
  type: 'snapshot'
  apps: App[]
  operations: Operation[]
  /** Ids of further apps, which are sent in their own events because one event cannot hold them all. */
  otherApps?: string[]
}

const shape = z.object({
  apps: z.array(z.unknown()),
  operations: z.array(z.unknown()),
  // Older nodes put all of their apps into the snapshot.
  other_apps: z.array(z.guid()).catch([]),
})

/** Everything a node runs. Whatever is not in it no longer exists. */
export const snapshot: FeedKind<SnapshotEvent, AppEvent | OperationEvent> = {
  read: shaped(shape, readSnapshot),
  keyOf: () => 'snapshot',
  parts: partsOfSnapshot,
  apply: (nodeId, event, things) => things.putSnapshot(nodeId, event),
}

/** An app that cannot be read still exists on the node, so it stays as it was last known. */
async function readSnapshot({ apps, operations, other_apps }: z.infer<typeof shape>): Promise<Reading<SnapshotEvent>> {
  const unread: Unread[] = []
  const readApps = await readAll('app', apps, readApp, unread)
  const readOperations = await readAll('operation', operations, readOperation, unread)
  const others = [...other_apps, ...readApps.lost]
  const event: SnapshotEvent = {
    type: 'snapshot',
    apps: readApps.values,
    operations: readOperations.values,
    ...(others.length > 0 ? { otherApps: others } : {}),
  }
  return { event, scope: 'things', unread }
}

const readPerTurn = 20

/** A large snapshot takes a few hundred milliseconds to read, so other work gets turns in between. */
async function readAll<T>(kind: 'app' | 'operation', values: unknown[], read: (value: unknown) => Lenient<T>, unread: Unread[]) {
  const found: T[] = []
  const lost: string[] = []
  for (const [index, each] of values.entries()) {
    if (index % readPerTurn === 0) await nextTurn()
    // Taken before reading, because reading can change the value.
    const [id, key, name] = [textOf(each, 'id'), keyOf(kind, each), nameOf(kind, each)]
    const { value, problems } = read(each)
    unread.push(...unreadOf(key, name, problems))
    if (value !== null) found.push(value)
    else if (id !== null) lost.push(id)
  }
  return { values: found, lost }
}
