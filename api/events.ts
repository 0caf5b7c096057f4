import { EventEmitter } from 'node:events'

/** Typed publish and subscribe within one process. `Events` maps each event's name to its payload. */
export interface EventHub<Events extends object> {
  emit<Name extends keyof Events & string>(name: Name, payload: Events[Name]): void
  /** The returned function unsubscribes. */
  on<Name extends keyof Events & string>(name: Name, listener: (payload: Events[Name]) => void): () => void
  /** How many listeners an event has. For tests. */
  listenerCount(name: keyof Events & string): number
}

export function createEventHub<Events extends object>(): EventHub<Events> {
  const emitter = new EventEmitter()
  emitter.setMaxListeners(0)
  return {
    emit: (name, payload) => void emitter.emit(name, payload),
    on(name, listener) {
      emitter.on(name, listener)
      return () => void emitter.off(name, listener)
    },
    listenerCount: (name) => emitter.listenerCount(name),
  }
}

/**
 * A live stream for one reader: the current state, then each change. Nothing is lost in between, because it subscribes
 * before it reads the snapshot. A slow reader gets the newest value of each key instead of a growing backlog. `return`
 * unsubscribes at once, even while a read is waiting.
 *
 * @param keyOf values with the same key replace each other while they wait to be read
 * @param isLast the stream ends after the first value for which this returns true
 */
export function snapshotThenChanges<T>(source: {
  snapshot: () => Iterable<T>
  subscribe: (push: (value: T) => void) => () => void
  keyOf: (value: T) => string
  isLast?: (value: T) => boolean
}): AsyncIterableIterator<T> {
  const waiting = new Map<string, T>()
  const readers: (() => void)[] = []
  let unsubscribe: (() => void) | undefined
  let done = false

  const wake = (): void => readers.splice(0).forEach((read) => read())
  const push = (value: T): void => {
    const key = source.keyOf(value)
    waiting.delete(key)
    waiting.set(key, value)
    wake()
  }
  const end = (): void => {
    done = true
    unsubscribe?.()
    unsubscribe = undefined
    waiting.clear()
    wake()
  }

  return endingAtOnce(async () => {
    if (!done && !unsubscribe) {
      unsubscribe = source.subscribe(push)
      for (const value of source.snapshot()) push(value)
    }
    while (!done) {
      const first = waiting.entries().next()
      if (!first.done) {
        const [key, value] = first.value
        waiting.delete(key)
        if (source.isLast?.(value)) end()
        return { value, done: false }
      }
      await new Promise<void>((resolve) => readers.push(resolve))
    }
    return { value: undefined, done: true }
  }, end)
}

/** An iterator that `return` and `throw` end at once, even while a read is waiting. A generator would wait with it. */
export const endingAtOnce = <T>(next: () => Promise<IteratorResult<T, undefined>>, end: () => void): AsyncIterableIterator<T> => ({
  next,
  async return() {
    end()
    return { value: undefined, done: true }
  },
  async throw(error) {
    end()
    throw error
  },
  [Symbol.asyncIterator]() {
    return this
  },
})
