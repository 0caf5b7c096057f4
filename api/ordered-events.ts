import type { Log } from './log.ts'

/** For each event, the names of its subscribers, first to last. */
type Order<Events extends object> = { readonly [Name in keyof Events]: readonly string[] }
type Listeners<Events extends object> = { [Name in keyof Events]?: Map<string, (payload: Events[Name]) => void> }

export interface OrderedHub<Events extends object, Subscribers extends Order<Events>> {
  emit<Name extends keyof Events & string>(name: Name, payload: Events[Name]): void
  /** Subscribes in the named place, whatever the order of the calls. @throws if that place is taken */
  on<Name extends keyof Events & string>(name: Name, subscriber: Subscribers[Name][number], listener: (payload: Events[Name]) => void): void
  /** `event: subscriber` for each place that nobody has taken. For tests. */
  vacant(): string[]
}

/**
 * Typed publish and subscribe like `createEventHub`, for events whose subscribers must run in a certain order. `order` states it
 * once, so it does not depend on who was built first. A subscriber that throws has a bug: the error is logged, the others still get
 * the event, and the emitter does not notice.
 */
export function createOrderedHub<Events extends object, const Subscribers extends Order<Events>>(deps: {
  order: Subscribers
  log: Log
}): OrderedHub<Events, Subscribers> {
  const { order, log } = deps
  const listeners: Listeners<Events> = {}

  return {
    emit(name, payload) {
      for (const subscriber of order[name]) {
        try {
          listeners[name]?.get(subscriber)?.(payload)
        } catch (error) {
          log.error({ err: error, event: name, subscriber }, 'a listener failed')
        }
      }
    },
    on(name, subscriber, listener) {
      const known = (listeners[name] ??= new Map())
      if (known.has(subscriber)) throw new Error(`${name}: ${subscriber} listens already`)
      known.set(subscriber, listener)
    },
    vacant: () =>
      (Object.keys(order) as (keyof Events & string)[]).flatMap((name) =>
        order[name].filter((subscriber) => !listeners[name]?.has(subscriber)).map((subscriber) => `${name}: ${subscriber}`),
      ),
  }
}
