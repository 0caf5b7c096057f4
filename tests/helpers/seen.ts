import { EventEmitter } from 'node:events'

export interface Wait {
  /** Only values from this position on count. Default 0: all values. */
  from?: number
  /** In milliseconds. Generous, because test machines are busy. */
  withinMs?: number
}

export type Seen<T> = ReturnType<typeof createSeen<T>>

/** Collects values in order, so that a test can wait for one that may already have arrived. */
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

    /** No more values will come: waiting callers fail with this error. */
    fail(error: Error): void {
      failure = error
      arrivals.emit('arrival')
    },

    /** The first matching value, present or future. */
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
          reject(new Error(`${name}: nothing matched ${String(match)} within ${withinMs} ms. Last of ${values.length}: ${last}`))
        }, withinMs)
        arrivals.on('arrival', look)
        look()
      })
    },
  }
}
