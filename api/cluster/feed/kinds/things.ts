import { z } from 'zod'
import type { ChangedThing, Thing, ThingKind } from '../../../engine/thing.ts'
import { kindWire, readThing } from '../../../engine-wire.ts'
import type { Unread } from '../../health/unreadable.ts'
import { nextTurn } from '../../limits/event-loop-turns.ts'
import { shaped, textOf, unreadOf, type FeedKind, type Reading } from '../feed-kind.ts'

/** All containers, images, volumes or networks of a node, within the bounds of one list. */
export interface ThingsEvent {
  type: 'things'
  kind: ThingKind
  list: Thing[]
  /** Ids of further ones, which could not be read. */
  others?: string[]
}

const readPerTurn = 50
const things = (kind: ThingKind): string => `engine/${kind}`
const nameOf = (kind: ThingKind, value: unknown): string => `${kind} ${textOf(value, 'name') ?? textOf(value, 'id') ?? 'without id'}`

async function readList({ kind, list }: { kind: ThingKind; list: unknown[] }): Promise<Reading<ThingsEvent>> {
  const [unread, found, others]: [Unread[], Thing[], string[]] = [[], [], []]
  for (const [index, each] of list.entries()) {
    if (index % readPerTurn === 0) await nextTurn()
    // Taken before reading, because reading can change the value.
    const [id, name] = [idOf(each), nameOf(kind, each)]
    const { value, problems } = readThing(kind, each)
    unread.push(...unreadOf(`${things(kind)}/${id ?? ''}`, name, problems))
    if (value !== null) found.push(value)
    else if (id !== null) others.push(id)
  }
  return { event: { type: 'things', kind, list: found, ...(others.length > 0 ? { others } : {}) }, scope: things(kind), unread }
}

/** Whatever is not in it no longer exists. */
export const allThings: FeedKind<ThingsEvent> = {
  read: shaped(z.object({ kind: kindWire, list: z.array(z.unknown()) }), readList),
  keyOf: ({ kind }) => `things ${kind}`,
  apply: (nodeId, { kind, list, others }, inventory) => inventory.putThings(nodeId, kind, list, others ?? []),
}

export interface ThingEvent {
  type: 'thing'
  changed: ChangedThing
}

/** One of them as it is now. */
export const thing: FeedKind<ThingEvent> = {
  read: shaped(z.object({ changed: z.object({ kind: kindWire, thing: z.unknown() }) }), ({ changed: { kind, thing: given } }) => {
    const [scope, name] = [`${things(kind)}/${idOf(given) ?? ''}`, nameOf(kind, given)]
    const { value, problems } = readThing(kind, given)
    const unread = unreadOf(scope, name, problems)
    const changed = value && ({ kind, thing: value } as ChangedThing)
    return { event: changed && { type: 'thing' as const, changed }, scope, unread }
  }),
  keyOf: ({ changed: { kind, thing: each } }) => `thing ${kind} ${each.id}`,
  apply: (nodeId, { changed: { kind, thing: each } }, inventory) => inventory.putThing(nodeId, kind, each),
}

export interface ThingGoneEvent {
  type: 'thing-gone'
  kind: ThingKind
  id: string
}

export const thingGone: FeedKind<ThingGoneEvent> = {
  read: shaped(z.object({ kind: kindWire, id: z.string().max(300) }), ({ kind, id }) => ({
    event: { type: 'thing-gone', kind, id } as const,
    scope: `${things(kind)}/${id}`,
    unread: [],
  })),
  keyOf: ({ kind, id }) => `thing ${kind} ${id}`,
  apply: (nodeId, { kind, id }, inventory) => inventory.dropThing(nodeId, kind, id),
}

/** In full, unlike what people are told. */
function idOf(value: unknown): string | null {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null
  return typeof id === 'string' && id.length <= 300 ? id : null
}
