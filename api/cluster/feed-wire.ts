import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import { parseApp, parseNodeAbout, parseNodeStats, parseOperation, toWire } from '../wire.ts'
import type { FeedEvent } from './feed.ts'

const about = z.object({ type: z.literal('about'), about: z.unknown() })
const snapshot = z.object({ type: z.literal('snapshot'), apps: z.array(z.unknown()).max(1000), operations: z.array(z.unknown()).max(500) })
const app = z.object({ type: z.literal('app'), app: z.unknown() })
const appRemoved = z.object({ type: z.literal('app-removed'), id: z.guid() })
const operation = z.object({ type: z.literal('operation'), operation: z.unknown() })
const stats = z.object({ type: z.literal('stats'), stats: z.unknown() })
const feedEvent = z.discriminatedUnion('type', [about, snapshot, app, appRemoved, operation, stats])

const knownTypes = new Set<unknown>(feedEvent.options.map((option) => option.shape.type.value))

/**
 * Null for a kind of event that is not known here: a node of a newer version may say more.
 *
 * @throws ZodError when it is not what a node may say
 */
export async function readFeedEvent(value: unknown): Promise<FeedEvent | null> {
  const { type } = z.object({ type: z.string() }).parse(value)
  if (!knownTypes.has(type)) return null
  const event = feedEvent.parse(value)
  switch (event.type) {
    case 'about':
      return { type: 'about', about: parseNodeAbout(event.about) }
    case 'snapshot':
      return { type: 'snapshot', apps: await inTurns(event.apps, parseApp), operations: await inTurns(event.operations, parseOperation) }
    case 'app':
      return { type: 'app', app: parseApp(event.app) }
    case 'app-removed':
      return event
    case 'operation':
      return { type: 'operation', operation: parseOperation(event.operation) }
    case 'stats':
      return { type: 'stats', stats: parseNodeStats(event.stats) }
  }
}

export const feedEventToJson = (event: FeedEvent): string => JSON.stringify(toWire(event))

/** A large snapshot is some hundred milliseconds of work, in which others have to get their turn. */
async function inTurns<T>(values: unknown[], parse: (value: unknown) => T): Promise<T[]> {
  const parsed: T[] = []
  for (const value of values) {
    parsed.push(parse(value))
    if (parsed.length % parsedPerTurn === 0) await nextTurn()
  }
  return parsed
}

const parsedPerTurn = 20
