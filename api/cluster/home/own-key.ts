import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { AppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { replacePrivateFile } from '../../private-file.ts'
import type { NodeIdentity } from './identity.ts'

/** How long the former key still works after the first use of the new one, for calls that were in flight. */
const graceMs = 60_000

export type OwnKey = ReturnType<typeof createOwnKey>

/**
 * The key that this node shares with its primary. This is its only writer. During a change two keys are valid: the new one
 * as soon as it is on disk, the former one until a minute after the primary first used the new one. Connections opened with
 * the former key close when it expires.
 */
export function createOwnKey(deps: { identity: NodeIdentity; dataDir: string; onTaken?: () => void; clock: Clock; log: Log }) {
  const { identity, dataDir, clock, log } = deps
  let { apiKey: current, formerKey: former } = identity
  let cancelGrace: (() => void) | null = null
  const listeners = new Set<(forgotten: string) => void>()

  const keep = (apiKey: string, formerKey: string | null): void => {
    const kept = { id: identity.id, apiKey, ...(formerKey === null ? {} : { formerKey }) }
    replacePrivateFile(join(dataDir, 'identity.json'), `${JSON.stringify(kept, null, 2)}\n`)
  }

  const tell = (forgotten: string): void => [...listeners].forEach((listener) => listener(forgotten))

  return {
    /** The key this node calls with. */
    current: (): string => current,

    /** The keys this node accepts. */
    all: (): string[] => (former === null ? [current] : [current, former]),

    /**
     * Adopts a new key from the primary. Taking the same key again changes nothing.
     *
     * @throws FORBIDDEN when the key comes from the environment, where this program cannot change it
     */
    take(key: string): void {
      if (identity.keyIsSet)
        throw new AppError(
          'FORBIDDEN',
          'its key is set by NODE_API_KEY in its environment. Change it there, then enter the new key on the primary',
        )
      if (key === current) return
      keep(key, current)
      const forgotten = former
      former = current
      current = key
      cancelGrace?.()
      cancelGrace = null
      if (forgotten !== null) tell(forgotten)
      deps.onTaken?.()
    },

    /** Call when a caller has used this key. */
    used(key: string): void {
      if (former === null || key !== current || cancelGrace) return
      cancelGrace = clock.after(graceMs, () => {
        const forgotten = former
        cancelGrace = null
        former = null
        if (forgotten !== null) tell(forgotten)
        try {
          keep(current, null)
        } catch (error) {
          log.error({ err: error }, 'could not remove the former key from identity.json')
        }
      })
    },

    stop: (): void => cancelGrace?.(),

    /** Calls `listener` with each key that stops being valid. @returns a function that unsubscribes */
    onForgotten(listener: (forgotten: string) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
