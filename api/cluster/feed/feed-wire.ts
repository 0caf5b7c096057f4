import { cut } from '../../bounds.ts'
import { toWire } from '../../wire.ts'
import { textOf, type Reading } from './feed-kind.ts'
import { kindOfType } from './feed-kinds.ts'
import type { FeedEvent } from './feed-event.ts'

export type FeedReading = Reading<FeedEvent>

/** Reads as much as possible. A bad value in an event affects nothing else. */
export async function readFeedEvent(value: unknown): Promise<FeedReading> {
  const type = textOf(value, 'type')
  if (type === null) return strange('an event')
  const kind = kindOfType(type)
  if (!kind) return { event: null, scope: `event/${cut(type, 50)}`, unread: [] }
  return (await kind.read(value)) ?? strange(`an event of type ${type}`)
}

/** The reading for something that is not an event at all. */
export const strange = (what: string): FeedReading => ({
  event: null,
  scope: 'event',
  unread: [{ key: 'event', what: `${what} is malformed` }],
})

export const feedEventToJson = (event: FeedEvent): string => JSON.stringify(toWire(event))
