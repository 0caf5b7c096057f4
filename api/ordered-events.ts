import type { Log } from './log.ts'

/** For each event, the names of those who hear it, first to last. */
type Order<Events extends object> = { readonly [Name in keyof Events]: readonly string[] }
type Listeners<Events extends object> = { [Name in keyof Events]?: Map<string, (payload: Events[Name]) => void> }

export interface OrderedHub<Events extends object, Hearers extends Order<Events>> {
  emit<Name extends keyof Events & string>(name: Name, payload: Events[Name]): void
  /** Listens in the hearer's place, whoever else listens already. @throws if that place is taken */
  on<Name extends keyof Events & string>(name: Name, hearer: Hearers[Name][number], listener: (payload: Events[Name]) => void): void
  /** `event: hearer` for each place where nobody listens. For tests. */
  vacant(): string[]
}

/**
 * Typed publish and subscribe like `createEventHub`, for events whose listeners depend on each other's order. The order is stated
 * once, in `order`, so it does not depend on who was built first. A listener that throws has a bug: the error is logged, the others
 * still hear the event, and whoever emitted it is not disturbed.
 */
export function createOrderedHub<Events extends object, const Hearers extends Order<Events>>(deps: {
  order: Hearers
  log: Log
}): OrderedHub<Events, Hearers> {
  const { order, log } = deps
  const listeners: Listeners<Events> = {}

  return {
    emit(name, payload) {
      for (const hearer of order[name]) {
        try {
          listeners[name]?.get(hearer)?.(payload)
        } catch (error) {
          log.error({ err: error, event: name, hearer }, 'a listener failed')
        }
      }
    },
    on(name, hearer, listener) {
      const known = (listeners[name] ??= new Map())
      if (known.has(hearer)) throw new Error(`${name}: ${hearer} listens already`)
      known.set(hearer, listener)
    },
    vacant: () =>
      (Object.keys(order) as (keyof Events & string)[]).flatMap((name) =>
        order[name].filter((hearer) => !listeners[name]?.has(hearer)).map((hearer) => `${name}: ${hearer}`),
      ),
  }
}
