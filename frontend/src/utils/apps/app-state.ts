import type { AppItem, ContainerItem } from '../../graphql/items.ts'

const underWay = new Set<AppItem['status']>(['PENDING', 'STARTING', 'STOPPING', 'UPDATING', 'REMOVING'])

/** Whether an operation is changing the app now. */
export const isUnderWay = ({ status }: Pick<AppItem, 'status'>): boolean => underWay.has(status)

const isUp = ({ state }: Pick<ContainerItem, 'state'>): boolean => state === 'RUNNING' || state === 'RESTARTING' || state === 'PAUSED'

/** Why it cannot be started. A degraded app can, which starts the services that are missing. */
export function startObstacle({ status, desiredState }: Pick<AppItem, 'status' | 'desiredState'>): string | undefined {
  const canStart = desiredState === 'STOPPED' || status === 'STOPPED' || status === 'ERROR' || status === 'DEGRADED'
  return canStart ? undefined : 'It is already running'
}

/** Why it cannot be stopped. An app that keeps crashing can, like one that runs. */
export function stopObstacle(app: Pick<AppItem, 'status' | 'desiredState' | 'containers'>): string | undefined {
  return startObstacle(app) !== undefined || app.containers.some(isUp) || app.desiredState === 'RUNNING'
    ? undefined
    : 'It is already stopped'
}

/** Why it cannot be restarted. */
export const restartObstacle = ({ desiredState }: Pick<AppItem, 'desiredState'>): string | undefined =>
  desiredState === 'STOPPED' ? 'It is stopped, so start it instead' : undefined

/** Whether the observed state differs from the desired state while no operation is running. */
export function isNotAsDesired({ status, desiredState }: Pick<AppItem, 'status' | 'desiredState'>): boolean {
  if (status === 'RUNNING' || status === 'DEGRADED') return desiredState === 'STOPPED'
  return desiredState === 'RUNNING' && (status === 'STOPPED' || status === 'ERROR')
}

/** Whether it waits for its next restart, or runs again after one, but not yet long enough to count as running. */
const isRestarting = ({ state, isSteady }: Pick<ContainerItem, 'state' | 'isSteady'>): boolean =>
  state === 'RESTARTING' || isSteady === false

/** A container's state as people see it: one that crashes again and again is not shown as running in between. */
export const shownState = (container: Pick<ContainerItem, 'state' | 'isSteady'>): ContainerItem['state'] =>
  isRestarting(container) ? 'RESTARTING' : container.state

/** Such as `2 of 3 running, 1 restarting`. Past tense while the status is unknown, because nobody knows what runs now. */
export function containerWords({ containers, moreContainers, status }: Pick<AppItem, 'containers' | 'moreContainers' | 'status'>): string {
  if (containers.length === 0) return 'none'
  const running = containers.filter((each) => shownState(each) === 'RUNNING').length
  const restarting = status === 'UNKNOWN' ? 0 : containers.filter(isRestarting).length
  return [
    `${running} of ${containers.length} ${status === 'UNKNOWN' ? 'ran' : 'running'}`,
    ...(restarting > 0 ? [`${restarting} restarting`] : []),
    ...(moreContainers > 0 ? [`and ${moreContainers} more`] : []),
  ].join(', ')
}
