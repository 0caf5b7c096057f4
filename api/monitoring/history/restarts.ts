import type { EngineContainer } from '../../docker/engine.types.ts'

type Seen = Pick<EngineContainer, 'id' | 'name' | 'service' | 'project' | 'state' | 'startedAt' | 'restartCount' | 'isOneOff' | 'createdAt'>

/** Containers that are gone and remembered, so that one made in the place of another is a restart. */
const mostRemembered = 1000

/**
 * Notices in lists of all containers which ones started again: the same container with another start or count of restarts, or a new one in the
 * place of another. The first list is only what there is.
 */
export function createRestartWatch({ onRestart }: { onRestart: (what: { app: string; name: string }) => void }) {
  const known = new Map<string, { id: string; start: string; isRunning: boolean; atRest: string | null }>()
  let isFirst = true

  const placeOf = ({ project, service, name }: Seen): string => JSON.stringify(project === null ? ['', name] : [project, service, name])
  const startOf = ({ id, startedAt, restartCount }: Seen): string => JSON.stringify([id, startedAt, restartCount])

  return function look(containers: readonly Seen[]): void {
    for (const container of containers) {
      if (container.isOneOff) continue
      const place = placeOf(container)
      const start = startOf(container)
      const isRunning = container.state === 'running'
      const before = known.get(place)
      // While it stops and starts, there is nothing to compare yet.
      if (!isRunning && before) {
        before.atRest = container.state === 'exited' ? container.id : null
        continue
      }
      // Seen at rest, it was stopped and is started now; another one in its place replaces it.
      const isStart = before?.atRest === container.id
      // Only Compose replaces a container. Another one that somebody gave the same name is another one.
      const isAnother = container.project === null && before?.id !== container.id
      known.delete(place)
      known.set(place, { id: container.id, start, isRunning, atRest: null })
      if (isFirst || isStart || isAnother || !before?.isRunning || !isRunning || before.start === start) continue
      onRestart(container.project === null ? { app: '', name: container.name } : { app: container.project, name: container.service })
    }
    isFirst = false
    for (const place of known.keys()) {
      if (known.size <= mostRemembered) break
      known.delete(place)
    }
  }
}
