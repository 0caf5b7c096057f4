import { z } from 'zod'
import { bounds, cut } from '../bounds.ts'
import type { Lenient } from '../lenient.ts'
import type { Unread } from '../nodes/unread.ts'
import { readApp, readNodeAbout, readNodeStats, readOperation, toWire } from '../wire.ts'
import type { FeedEvent } from './feed.ts'
import { nextTurn } from './turns.ts'

const about = z.object({ type: z.literal('about'), about: z.unknown() })
const snapshot = z.object({
  type: z.literal('snapshot'),
  apps: z.array(z.unknown()),
  operations: z.array(z.unknown()),
  // Older nodes put all of their apps into it.
  other_apps: z.array(z.guid()).catch([]),
})
const app = z.object({ type: z.literal('app'), app: z.unknown() })
const appRemoved = z.object({ type: z.literal('app-removed'), id: z.guid() })
const operation = z.object({ type: z.literal('operation'), operation: z.unknown() })
const stats = z.object({ type: z.literal('stats'), stats: z.unknown() })
const feedEvent = z.discriminatedUnion('type', [about, snapshot, app, appRemoved, operation, stats])

const knownTypes = new Set<unknown>(feedEvent.options.map((option) => option.shape.type.value))

/** What was read of one event. */
export interface FeedReading {
  /** Null for a kind of event that is not known here (a node of a newer version may say more), and for what cannot be read. */
  event: FeedEvent | null
  /** What the event is all of, and what of that could not be read; see nodes/unread.ts. */
  scope: string
  unread: Unread[]
}

/** Reads what can be read: nothing that a node says in an event costs more than itself. */
export async function readFeedEvent(value: unknown): Promise<FeedReading> {
  const type = typeOf(value)
  if (type !== null && !knownTypes.has(type)) return { event: null, scope: `event/${cut(type, 50)}`, unread: [] }
  const { data: event } = feedEvent.safeParse(value)
  if (!event) return strange(type === null ? 'an event' : `an event of type ${type}`)
  switch (event.type) {
    case 'about':
      return reading('about', 'what it says of its program', readNodeAbout(event.about), (about) => ({ type: 'about', about }))
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

/** What is no event at all. */
export const strange = (what: string): FeedReading => ({
  event: null,
  scope: 'event',
  unread: [{ key: 'event', what: `${what} is not in the right form` }],
})

function reading<T>(key: string, name: string, { value, problems }: Lenient<T>, event: (value: T) => FeedEvent): FeedReading {
  return { event: value === null ? null : event(value), scope: key, unread: unreadOf(key, name, problems) }
}

/** An app of it that cannot be read is still there: it stays as it was known. */
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

/** A large snapshot is some hundred milliseconds of work, in which others have to get their turn. */
async function readAll<T>(kind: Kind, values: unknown[], read: (value: unknown) => Lenient<T>, unread: Unread[]) {
  const found: T[] = []
  const lost: string[] = []
  for (const [index, each] of values.entries()) {
    // Before it is read, which may change it.
    const [id, key, name] = [textOf(each, 'id'), keyOf(kind, each), nameOf(kind, each)]
    const { value, problems } = read(each)
    unread.push(...unreadOf(key, name, problems))
    if (value !== null) found.push(value)
    else if (id !== null) lost.push(id)
    if ((index + 1) % readPerTurn === 0) await nextTurn()
  }
  return { values: found, lost }
}

const readPerTurn = 20

type Kind = 'app' | 'operation'

export const keyOf = (kind: Kind, value: unknown): string => `things/${kind}/${textOf(value, 'id') ?? 'without id'}`

/** As a person knows it. */
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
