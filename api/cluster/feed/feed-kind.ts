import type { z } from 'zod'
import type { App } from '../../apps/app.ts'
import type { Operation } from '../../apps/operation.ts'
import { bounds, cut } from '../../bounds.ts'
import type { Thing, ThingKind } from '../../engine/thing.ts'
import type { Lenient } from '../../lenient.ts'
import type { NodeStats } from '../../monitoring/node-stats.ts'
import type { Unread } from '../health/unreadable.ts'

/** The result of reading one event. */
export interface Reading<Event> {
  /** Null if the type of event is unknown here (a newer version can send more types) or the event cannot be read. */
  event: Event | null
  /** What the event covers, and which parts of that could not be read; see health/unreadable.ts. */
  scope: string
  unread: Unread[]
}

/** The inventory, as events change it. */
export interface Things {
  putSnapshot(nodeId: string, snapshot: { apps: App[]; operations: Operation[]; otherApps?: string[] }): void
  putApp(nodeId: string, app: App): void
  dropApp(nodeId: string, id: string): void
  putOperation(nodeId: string, operation: Operation): void
  putStats(nodeId: string, stats: NodeStats): void
  /** @param others ids of those that exist and could not be read */
  putThings(nodeId: string, kind: ThingKind, list: Thing[], others: string[]): void
  putThing(nodeId: string, kind: ThingKind, thing: Thing): void
  dropThing(nodeId: string, kind: ThingKind, id: string): void
}

/** Everything specific to one kind of event. `Part` is what it can be split into. */
export interface FeedKind<Event extends { type: string }, Part = Event> {
  /** Reads as much as possible. Null if it is malformed. */
  read(value: unknown): Reading<Event> | null | Promise<Reading<Event> | null>
  /** While events wait to be sent, a newer one takes the place of one with the same key. */
  keyOf(event: Event): string
  /** Pieces that a reader accepts, if one can be too large. */
  parts?(event: Event): (Event | Part)[]
  /** What it changes in the inventory. Other rooms listen to the kinds that concern them. */
  apply?(nodeId: string, event: Event, things: Things): void
}

/** Reads an event whose outermost fields are as `shape` says. */
export const shaped =
  <Shape extends z.ZodObject, Result>(shape: Shape, read: (value: z.output<Shape>) => Result) =>
  (value: unknown): Result | null => {
    const { data } = shape.safeParse(value)
    return data ? read(data) : null
  }

export function readingOf<T, Event>(
  key: string,
  name: string,
  { value, problems }: Lenient<T>,
  event: (value: T) => Event,
): Reading<Event> {
  return { event: value === null ? null : event(value), scope: key, unread: unreadOf(key, name, problems) }
}

type Kind = 'app' | 'operation'

export const keyOf = (kind: Kind, value: unknown): string => `things/${kind}/${textOf(value, 'id') ?? 'without id'}`

/** The name that a person knows. */
export const nameOf = (kind: Kind, value: unknown): string =>
  `${kind} ${textOf(value, kind === 'app' ? 'name' : 'app_name') ?? textOf(value, 'id') ?? 'without name'}`

export const unreadOf = (key: string, name: string, problems: string[]): Unread[] =>
  problems.length === 0 ? [] : [{ key, what: `${name}: ${problems.join(', ')}` }]

export function textOf(value: unknown, key: string): string | null {
  const text = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
  return typeof text === 'string' ? cut(text, bounds.app.name) : null
}
