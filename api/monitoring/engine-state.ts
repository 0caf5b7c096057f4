import { bounds, cut } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import type { Engine } from '../docker/engine.types.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { DockerStats } from './node-stats.ts'

/** A health check waits 5 s for this node's stats. An Engine that hangs must not make the node look dead. */
const answerWithinMs = 3000
/** The Engine counts all its images for an answer. Once a second would cost more than everything else that is measured. */
const askEveryMs = 5000

type EngineStats = Omit<DockerStats, 'composeVersion'>

const away = (error: string): EngineStats => ({
  available: false,
  error: cut(error, bounds.stats.dockerError),
  version: null,
  running: 0,
  paused: 0,
  stopped: 0,
  images: 0,
})

interface Dependencies {
  engine: Pick<Engine, 'info'>
  clock: Clock
  log: Log
  composeVersion: () => string | null
}

/** Reads the Engine's state. Never fails, and never has more than one request to the Engine outstanding. */
export function createDockerStats({ engine, clock, log, composeVersion }: Dependencies) {
  let asking: Promise<EngineStats> | undefined
  let told: string | null = null
  let last: { stats: EngineStats; at: number } | undefined

  const tell = (version: string): void => {
    if (version !== told) log.info({ engine: version, ...(told ? { before: told } : {}) }, 'Docker Engine found')
    told = version
  }

  const ask = (): Promise<EngineStats> =>
    (asking ??= engine
      .info()
      .then(({ version, running, paused, stopped, images }) => {
        tell(version)
        return { available: true, error: null, version: cut(version, bounds.stats.dockerVersion), running, paused, stopped, images }
      })
      .catch((error: unknown) => away(errorMessage(error)))
      .finally(() => (asking = undefined)))

  /** @param downReason why the Engine is known to be down, in which case it is not asked; otherwise null */
  const engineStats = async (downReason: string | null): Promise<EngineStats> => {
    if (downReason !== null) {
      last = undefined
      return away(downReason)
    }
    const now = clock.now().getTime()
    if (last && now >= last.at && now - last.at < askEveryMs) return last.stats
    const late = Promise.withResolvers<EngineStats>()
    const cancel = clock.after(answerWithinMs, () => late.resolve(away(`Docker did not answer within ${answerWithinMs / 1000} s`)))
    try {
      const stats = await Promise.race([ask(), late.promise])
      last = stats.available ? { stats, at: clock.now().getTime() } : undefined
      return stats
    } finally {
      cancel()
    }
  }

  return async (downReason: string | null): Promise<DockerStats> => ({
    ...(await engineStats(downReason)),
    composeVersion: composeVersion(),
  })
}
