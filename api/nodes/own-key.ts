import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { replacePrivateFile } from '../private-file.ts'
import type { NodeIdentity } from './identity.ts'

/** Calls with the former key that were on their way when the new one was first used still get in for this long. */
const graceMs = 60_000

export type OwnKey = ReturnType<typeof createOwnKey>

/**
 * The key that this node shares with its primary, and the only writer of it. While it changes, two are good: the new one from
 * the moment it is on disk, the former one until the primary has used the new one and a minute has passed. What was opened with
 * the former one ends with it.
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
    /** With which this node calls. */
    current: (): string => current,

    /** With which it may be called. */
    all: (): string[] => (former === null ? [current] : [current, former]),

    /**
     * The primary has made a new key. Taking the same one again changes nothing.
     *
     * @throws FORBIDDEN when the key comes from the environment, where this program cannot change it
     */
    take(key: string): void {
      if (identity.keyIsSet)
        throw new AppError('FORBIDDEN', 'its key is set by NODE_API_KEY in its environment. Change it there, then enter it on the primary')
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

    /** Somebody has called with this key. */
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
          log.error({ err: error }, 'the former key is still in identity.json; the next start will forget it')
        }
      })
    },

    stop: (): void => cancelGrace?.(),

    /** Called with each key that is not good any more; the returned function ends it. */
    onForgotten(listener: (forgotten: string) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
