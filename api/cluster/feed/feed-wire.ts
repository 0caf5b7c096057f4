import { z } from 'zod'
import { bounds, cut } from '../../bounds.ts'
import type { Lenient } from '../../lenient.ts'
import type { Unread } from '../health/unread.ts'
import { readApp, readNodeAbout, readNodeStats, readOperation, toWire } from '../../wire.ts'
import type { FeedEvent } from './feed.ts'
import { nextTurn } from '../limits/event-loop-turns.ts'

const about = z.object({ type: z.literal('about'), about: z.unknown() })
const snapshot = z.object({
  type: z.literal('snapshot'),
  apps: z.array(z.unknown()),
  operations: z.array(z.unknown()),
  // Older nodes put all of their apps into the snapshot.
  other_apps: z.array(z.guid()).catch([]),
})
const app = z.object({ type: z.literal('app'), app: z.unknown() })
const appRemoved = z.object({ type: z.literal('app-removed'), id: z.guid() })
const operation = z.object({ type: z.literal('operation'), operation: z.unknown() })
const stats = z.object({ type: z.literal('stats'), stats: z.unknown() })
const feedEvent = z.discriminatedUnion('type', [about, snapshot, app, appRemoved, operation, stats])

const knownTypes = new Set<unknown>(feedEvent.options.map((option) => option.shape.type.value))

/** The result of reading one event. */
export interface FeedReading {
  /** Null if the type of event is unknown here (a newer version can send more types) or the event cannot be read. */
  event: FeedEvent | null
  /** What the event covers, and which parts of that could not be read; see nodes/unread.ts. */
  scope: string
  unread: Unread[]
}

/** Reads as much as possible. A bad value in an event affects nothing else. */
export async function readFeedEvent(value: unknown): Promise<FeedReading> {
  const type = typeOf(value)
  if (type !== null && !knownTypes.has(type)) return { event: null, scope: `event/${cut(type, 50)}`, unread: [] }
  const { data: event } = feedEvent.safeParse(value)
  if (!event) return strange(type === null ? 'an event' : `an event of type ${type}`)
  switch (event.type) {
    case 'about':
      return reading('about', 'its program data', readNodeAbout(event.about), (about) => ({ type: 'about', about }))
    case 'snapshot':
      return readSnapshot(event)
    case 'app':
      return reading(keyOf('app', event.app), nameOf('app', event.app), readApp(event.app), (app) => ({ type: 'app', app }))
    case 'app-removed':
      return { event, scope: `things/app/${event.id}`, unread: [] }
    case 'operation': {
      const [key, name] = [keyOf('operation', event.operation), nameOf('operation', event.operation)]
      return reading(key, name, readOperation(event.operation), (operation) => ({ type: 'operation', operation }))
    }
    case 'stats':
      return reading('stats', 'its stats', readNodeStats(event.stats), (stats) => ({ type: 'stats', stats }))
  }
}

/** The reading for something that is not an event at all. */
export const strange = (what: string): FeedReading => ({
  event: null,
  scope: 'event',
  unread: [{ key: 'event', what: `${what} is malformed` }],
})

function reading<T>(key: string, name: string, { value, problems }: Lenient<T>, event: (value: T) => FeedEvent): FeedReading {
  return { event: value === null ? null : event(value), scope: key, unread: unreadOf(key, name, problems) }
}

/** An app that cannot be read still exists on the node, so it stays as it was last known. */
async function readSnapshot({ apps, operations, other_apps }: z.infer<typeof snapshot>): Promise<FeedReading> {
  const unread: Unread[] = []
  const readApps = await readAll('app', apps, readApp, unread)
  const readOperations = await readAll('operation', operations, readOperation, unread)
  const others = [...other_apps, ...readApps.lost]
  const event: FeedEvent = {
    type: 'snapshot',
    apps: readApps.values,
    operations: readOperations.values,
    ...(others.length > 0 ? { otherApps: others } : {}),
  }
  return { event, scope: 'things', unread }
}

/** A large snapshot takes a few hundred milliseconds to read, so other work gets turns in between. */
async function readAll<T>(kind: Kind, values: unknown[], read: (value: unknown) => Lenient<T>, unread: Unread[]) {
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

const readPerTurn = 20

type Kind = 'app' | 'operation'

export const keyOf = (kind: Kind, value: unknown): string => `things/${kind}/${textOf(value, 'id') ?? 'without id'}`

/** The name that a person knows. */
export const nameOf = (kind: Kind, value: unknown): string =>
  `${kind} ${textOf(value, kind === 'app' ? 'name' : 'app_name') ?? textOf(value, 'id') ?? 'without name'}`

export const unreadOf = (key: string, name: string, problems: string[]): Unread[] =>
  problems.length === 0 ? [] : [{ key, what: `${name}: ${problems.join(', ')}` }]

const typeOf = (value: unknown): string | null => textOf(value, 'type')

function textOf(value: unknown, key: string): string | null {
  const text = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
  return typeof text === 'string' ? cut(text, bounds.app.name) : null
}

export const feedEventToJson = (event: FeedEvent): string => JSON.stringify(toWire(event))
