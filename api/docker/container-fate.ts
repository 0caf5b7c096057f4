import { inspectContainer, type EngineClient } from './engine-client.ts'
import type { ContainerFate } from './engine.types.ts'

/** The Engine says that a container has stopped a little later than it ends what was executed in it. */
const looks = 60
const betweenMs = 50

/** Says what a container did while a program ran in it. Call first when the program is about to start. */
export async function watchContainerFate(deps: { client: EngineClient; wait: (ms: number) => Promise<void> }, id: string) {
  const look = async () => inspectContainer(deps.client, id)
  const startedAt = (await look().catch(() => null))?.State.StartedAt

  /** Null if it runs on, or the Engine cannot be asked. @param isKilled whether the program did not end by itself, so that it is worth to wait */
  return async function fate(isKilled: boolean): Promise<ContainerFate | null> {
    try {
      for (let left = isKilled ? looks : 1; left > 0; left -= 1) {
        const now = await look()
        if (!now) return 'removed'
        if (startedAt !== undefined && now.State.StartedAt !== startedAt) return 'restarted'
        if (!now.State.Running) return 'stopped'
        if (left > 1) await deps.wait(betweenMs)
      }
    } catch {
      // The end of the program is known nevertheless.
    }
    return null
  }
}
