import { EventEmitter } from 'node:events'

export interface Wait {
  /** Only values from this position on count; 0, which is every value, when left out. */
  from?: number
  /** In milliseconds; generous, because machines that test are busy. */
  withinMs?: number
}

export type Seen<T> = ReturnType<typeof createSeen<T>>

/** Values in the order in which they came, kept, so that a test can wait for one that may have come already. */
export function createSeen<T>(name: string) {
  const values: T[] = []
  const arrivals = new EventEmitter().setMaxListeners(0)
  let failure: Error | undefined

  return {
    name,
    values,

    push(value: T): void {
      values.push(value)
      arrivals.emit('arrival')
    },

    /** Nothing will come any more: whoever waits fails with this. */
    fail(error: Error): void {
      failure = error
      arrivals.emit('arrival')
    },

    /** The first value that matches, now or later. */
    first(match: (value: T) => boolean, { from = 0, withinMs = 20_000 }: Wait = {}): Promise<T> {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const found = values.slice(from).find(match)
          if (found === undefined && failure === undefined) return
          arrivals.off('arrival', look)
          clearTimeout(deadline)
          if (found === undefined) reject(failure ?? new Error(`${name}: ended`))
          else resolve(found)
        }
        const deadline = setTimeout(() => {
          arrivals.off('arrival', look)
          const last = JSON.stringify(values.at(-1)) ?? 'nothing'
          reject(
            new Error(`${name}: nothing that matches ${String(match)} came within ${withinMs} ms; the last of ${values.length}: ${last}`),
          )
        }, withinMs)
        arrivals.on('arrival', look)
        look()
      })
    },
  }
}
