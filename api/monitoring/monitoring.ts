import type { OwnApps } from '../apps/own-apps.ts'
import type { Clock } from '../clock.ts'
import type { Docker } from '../docker/docker.ts'
import type { Log } from '../log.ts'
import { createLocalMonitor, type LocalMonitor } from './local-monitor.ts'
import type { NodeStats } from './node-stats.ts'

/** Stats of this node, with those of the containers that its apps watch. */
export function createMonitoring(deps: {
  nodeId: string
  docker: Docker
  apps: Pick<OwnApps, 'containers' | 'dockerAway' | 'events'>
  storageProblem: () => NodeStats['storageProblem']
  intervalMs: number
  clock: Clock
  log: Log
}): LocalMonitor {
  const { nodeId, docker, apps, storageProblem, intervalMs, clock, log } = deps
  const { engine, compose } = docker
  const monitor = createLocalMonitor({ nodeId, engine, composeVersion: compose.knownVersion, storageProblem, clock, log, intervalMs })
  apps.events.on('containers', () => {
    const away = apps.dockerAway()
    monitor.setContainers(apps.containers())
    if (away === null) monitor.dockerUp()
    else monitor.dockerDown(away)
  })
  return monitor
}
