import { bounds, cut } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import type { Engine } from '../docker/engine.types.ts'
import { errorMessage } from '../errors.ts'
import type { DockerStats } from './node-stats.ts'

/** A health check of this node waits 5 s for its stats: an Engine that hangs must not make the node look dead. */
const answerWithinMs = 3000

const away = (error: string): DockerStats => ({
  available: false,
  error: cut(error, bounds.stats.dockerError),
  version: null,
  running: 0,
  paused: 0,
  stopped: 0,
  images: 0,
})

/** What the Engine says of itself; never fails. While an answer is outstanding no second question is asked. */
export function createDockerStats({ engine, clock }: { engine: Engine; clock: Clock }) {
  let asking: Promise<DockerStats> | undefined

  const ask = (): Promise<DockerStats> =>
    (asking ??= engine
      .info()
      .then(({ version, running, paused, stopped, images }) => ({
        available: true,
        error: null,
        version: cut(version, bounds.stats.dockerVersion),
        running,
        paused,
        stopped,
        images,
      }))
      .catch((error: unknown) => away(errorMessage(error)))
      .finally(() => (asking = undefined)))

  /** @param downReason why the Engine is known to be away; it is not asked then */
  return async function read(downReason: string | null): Promise<DockerStats> {
    if (downReason !== null) return away(downReason)
    const late = Promise.withResolvers<DockerStats>()
    const cancel = clock.after(answerWithinMs, () => late.resolve(away(`Docker did not answer within ${answerWithinMs / 1000} s`)))
    try {
      return await Promise.race([ask(), late.promise])
    } finally {
      cancel()
    }
  }
}
