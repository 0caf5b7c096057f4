import type { Engine } from '../../docker/engine.types.ts'
import { AppError, invalidInput } from '../../errors.ts'
import type { AppRow } from '../app.entity.ts'
import type { AppRecords } from '../app-records.ts'
import type { AppOperation, AppWork } from '../app-work.ts'
import { isUp } from '../app-status.ts'
import type { ContainerFacts } from '../container-facts.ts'

/** What does again what was done before: restarts containers as they are, and retries an operation. */
export function createRestart(deps: {
  engine: Engine
  records: Pick<AppRecords, 'get'>
  work: AppWork
  containersOf: (row: AppRow) => ContainerFacts[]
}) {
  return {
    /**
     * Runs what the app's containers run now. What the Compose file says is only run by a start or an update.
     *
     * @param services all if there are none
     * @throws NOT_FOUND, CONFLICT for a stopped app, INVALID_INPUT, DOCKER_UNAVAILABLE
     */
    async restartApp(id: string, services: string[]): Promise<AppOperation> {
      const row = deps.records.get(id)
      if (row.desiredState === 'stopped') throw new AppError('CONFLICT', `${row.name} is stopped. Start it instead`)
      await deps.engine.info()
      const containers = deps.containersOf(row)
      const known = new Set([...(row.wanted ?? []).map(({ name }) => name), ...containers.map(({ service }) => service)])
      const unknown = services.filter((name) => !known.has(name))
      const message = `${row.name} has no service ${unknown.join(', ')}. It has ${[...known].toSorted().join(', ') || 'none'}`
      if (unknown.length > 0) throw invalidInput([{ field: 'services', message }])
      // Decided now and not by the runner: after a kill in the middle, what it stopped would look like what had finished.
      const chosen = services.length > 0 ? services : containers.filter((each) => isToRestart(row, each)).map(({ service }) => service)
      if (chosen.length === 0) throw new AppError('CONFLICT', `${row.name} has no containers to restart. Start it instead`)
      return deps.work.enqueue('restart', row, { services: [...new Set(chosen)] })
    },

    /** Does an operation again that failed, was cancelled or interrupted. @throws NOT_FOUND, CONFLICT */
    retryOperation: deps.work.retry,
  }
}

/** A service that has finished its work is only run again if it is named. */
function isToRestart({ wanted }: AppRow, container: ContainerFacts): boolean {
  const known = wanted?.find(({ name }) => name === container.service)
  const runsOnce = known !== undefined && (known.isJob || known.restart === 'no' || known.restart === 'on-failure')
  return isUp(container) || !runsOnce
}
