import type { App } from '../../apps/app.ts'
import type { Operation } from '../../apps/operation.ts'
import { thingKinds, type Thing, type ThingKind } from '../../engine/thing.ts'
import type { EventHub } from '../../events.ts'
import type { NodeAbout } from '../members/node-about.ts'
import { snapshotOperations, type Feed, type FeedEvent } from './feed-event.ts'

export interface FeedEvents {
  event: FeedEvent
}

/** This node's feed. Changes during the reading of the snapshot follow it in order. */
export function createLocalFeed(deps: {
  hub: EventHub<FeedEvents>
  about: () => NodeAbout
  apps: () => App[]
  operations: (count: number) => Promise<Operation[]>
  /** What the Engine holds of a kind. */
  things: (kind: ThingKind) => Thing[]
}): Feed {
  return {
    async subscribe(listener) {
      const early: FeedEvent[] = []
      let ready = false
      const unsubscribe = deps.hub.on('event', (event) => (ready ? listener(event) : early.push(event)))
      try {
        const operations = await deps.operations(snapshotOperations)
        listener({ type: 'about', about: deps.about() })
        listener({ type: 'snapshot', apps: deps.apps(), operations })
        for (const kind of thingKinds) listener({ type: 'things', kind, list: deps.things(kind) })
        early.forEach(listener)
        ready = true
        return unsubscribe
      } catch (error) {
        unsubscribe()
        throw error
      }
    },
  }
}
