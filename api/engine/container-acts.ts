import type { Clock } from '../clock.ts'
import type { EngineThings } from '../docker/engine-things.types.ts'
import { AppError, notFound } from '../errors.ts'
import type { AppsHere } from './apps-here.ts'
import type { ContainerAction, NodeContainer, ThingKind } from './thing.ts'

/** A container may take its whole grace period to stop, which is often 10 s and seldom more than a minute. */
const deadlineMs = 90_000

/** Actions on one container, whoever made it. */
export function createContainerActs(deps: {
  things: Pick<EngineThings, 'act' | 'inspect'>
  apps: Pick<AppsHere, 'busyWith' | 'list'>
  find: (id: string) => NodeContainer | undefined
  actedBy: (id: string, by: string) => void
  doubt: (id: string) => void
  refresh: (kinds: readonly ThingKind[]) => Promise<void>
  catchUp: (kinds: readonly ThingKind[]) => Promise<void>
  clock: Clock
}) {
  /** By its full id, or the start of it as `docker ps` shows it. */
  async function lookUp(id: string): Promise<NodeContainer> {
    const known = deps.find(id)
    if (known) return known
    await deps.refresh(['container'])
    const found = deps.find(id)
    if (!found) throw notFound('container', id)
    return found
  }

  /** @throws FORBIDDEN, CONFLICT */
  function refuse({ isSelf, appId, name }: NodeContainer): void {
    if (isSelf) {
      const way = 'Selfhostly runs in this container, so it does not stop, restart or remove it. Do that on the machine'
      throw new AppError('FORBIDDEN', way)
    }
    const operation = appId === null ? null : deps.apps.busyWith(appId)
    if (operation === null) return
    const app = deps.apps.list().find((each) => each.id === appId)?.name ?? 'its app'
    throw new AppError(
      'CONFLICT',
      `${name} belongs to ${app}, on which an operation runs (${operation}). Wait until it has ended, or cancel it`,
    )
  }

  return {
    /** @returns the container as it is then; one that was removed, as it was */
    async act(id: string, action: ContainerAction, by: string): Promise<NodeContainer> {
      const container = await lookUp(id)
      refuse(container)
      const late = new AbortController()
      const cancel = deps.clock.after(deadlineMs, () => late.abort())
      deps.actedBy(container.id, by)
      try {
        await deps.things.act(container.id, action, late.signal)
      } catch (error) {
        if (!late.signal.aborted) throw error
        throw new AppError('CONFLICT', `${container.name} did not ${action} within ${deadlineMs / 1000} s. Docker goes on with it`)
      } finally {
        cancel()
        deps.doubt(container.id)
        await deps.catchUp(['container'])
      }
      return deps.find(container.id) ?? { ...container, state: 'removing' }
    },
  }
}
