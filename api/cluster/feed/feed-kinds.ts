import type { FeedKind } from './feed-kind.ts'
import type { FeedEvent } from './feed-event.ts'
import { about } from './kinds/about.ts'
import { app, appRemoved } from './kinds/app.ts'
import { operation } from './kinds/operation.ts'
import { snapshot } from './kinds/snapshot.ts'
import { stats } from './kinds/stats.ts'
import { allThings, thing, thingGone } from './kinds/things.ts'

/** Every kind of event that a node can send, by its type on the wire. Readers pass over kinds that they do not know. */
export const feedKinds = {
  about,
  snapshot,
  app,
  'app-removed': appRemoved,
  operation,
  stats,
  things: allThings,
  thing,
  'thing-gone': thingGone,
}

const byType = new Map<string, FeedKind<FeedEvent>>(Object.entries(feedKinds))

export const kindOfType = (type: string): FeedKind<FeedEvent> | undefined => byType.get(type)

export const kindOf = ({ type }: FeedEvent): FeedKind<FeedEvent> => feedKinds[type]
