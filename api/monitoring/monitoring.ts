import type { OwnApps } from '../apps/own-apps.ts'
import type { ComposePolicy } from '../apps/compose/policy/compose-policy.ts'
import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import type { Docker } from '../docker/docker.ts'
import type { Log } from '../log.ts'
import { createHistory } from './history/history.ts'
import type { Mark } from './history/mark.ts'
import { createLocalMonitor } from './local-monitor.ts'
import type { NodeStats } from './node-stats.ts'
import { followSources } from './timeline/sources.ts'
import { createTimeline } from './timeline/timeline.ts'

/** Stats of this node, with those of the containers that its apps watch, and their history. */
export function createMonitoring(deps: {
  em: EntityManager
  nodeId: string
  docker: Docker
  apps: Pick<OwnApps, 'containers' | 'dockerAway' | 'events'>
  /** The deploys of an app, or of all, in these times. */
  deploys: (app: string | null, from: Date, to: Date) => Promise<Mark[]>
  storageProblem: () => NodeStats['storageProblem']
  onStorage: (listener: () => void) => void
  backups: () => NodeStats['backups']
  composePolicy: ComposePolicy
  intervalMs: number
  clock: Clock
  log: Log
}) {
  const { em, docker, apps, deploys, onStorage, ...others } = deps
  const { clock, intervalMs } = others
  const monitor = createLocalMonitor({ ...others, engine: docker.engine, composeVersion: docker.compose.knownVersion })
  const history = createHistory({ em, sampledEveryMs: intervalMs, deploys, clock })
  apps.events.on('containers', () => {
    const away = apps.dockerAway()
    const containers = apps.containers()
    monitor.setContainers(containers)
    if (away === null) monitor.dockerUp()
    else monitor.dockerDown(away)
    if (away === null) history.containersChanged(containers)
  })
  monitor.onSample(history.sampled)
  const timeline = createTimeline({ em, deploys, clock })
  followSources({ timeline, apps, storageProblem: deps.storageProblem, onStorage })
  return { monitor, history, timeline }
}
