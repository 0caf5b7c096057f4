import type { ServerResponse } from 'node:http'
import type { Caller } from '../auth/caller.ts'
import type { Services } from '../services.ts'
import type { Door, Standing } from './door.ts'

/** In milliseconds. How often sessions are checked, which expire when they are not used. All else ends on time. */
const recheckMs = 15_000

export type OpenConnections = ReturnType<typeof createOpenConnections>

interface Held {
  caller: Caller
  end: (standing: Exclude<Standing, 'good'>) => void
}

/**
 * What callers have open: WebSockets, and answers that are still being sent. All of it ends with the credential that opened it: when
 * that is revoked or expires, when its owner is removed or gets another role or other nodes, or when the edge's token expires.
 */
export function createOpenConnections({ services, door }: { services: Pick<Services, 'clock' | 'events'>; door: Door }) {
  const { clock, events } = services
  const open = new Set<Held>()
  let next = Infinity
  let cancel: () => void = () => undefined

  function endOver(): void {
    for (const { caller, end } of [...open]) {
      const standing = door.standing(caller)
      if (standing !== 'good') end(standing)
    }
  }

  function schedule(at: number): void {
    cancel()
    next = at
    cancel = clock.after(Math.max(0, at - clock.now().getTime()), recheck)
  }

  function recheck(): void {
    endOver()
    const now = clock.now().getTime()
    const soonest = [...open].map(({ caller }) => caller.expiresAt?.getTime() ?? Infinity).filter((at) => at > now)
    schedule(Math.min(now + recheckMs, ...soonest))
  }

  function hold(caller: Caller, end: Held['end']): () => void {
    const held = { caller, end }
    open.add(held)
    const endsAt = caller.expiresAt?.getTime() ?? Infinity
    if (endsAt < next && endsAt > clock.now().getTime()) schedule(endsAt)
    return () => void open.delete(held)
  }

  const stopListening = [
    events.on('credentialEnded', (id) => {
      for (const { caller, end } of [...open]) if (caller.credentialId === id) end('over')
    }),
    events.on('people', endOver),
  ]
  recheck()

  return {
    /** @param end closes what is open @returns a function to call when it has closed by itself */
    hold,

    /** Cuts off an answer that is being sent. One that has not started is left to finish normally. */
    holdResponse(caller: Caller, response: ServerResponse): void {
      const release = hold(caller, () => {
        if (response.headersSent) response.destroy()
      })
      response.once('close', release)
    },

    stop(): void {
      for (const stop of stopListening) stop()
      cancel()
    },
  }
}
