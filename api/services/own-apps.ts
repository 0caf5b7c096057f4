import { dirname } from 'node:path'
import type { EntityManager } from '../db/orm.ts'
import { createAppFiles } from '../apps/app-files.ts'
import { createAppService } from '../apps/app-service.ts'
import { createContainerWatch } from '../apps/container-watch.ts'
import { createDiskWatch } from '../apps/disk-watch.ts'
import { createOperations } from '../apps/operations.ts'
import { createRemoval } from '../apps/removal.ts'
import type { Clock } from '../clock.ts'
import { createFeedPace } from '../cluster/feed/feed-pace.ts'
import { createOwnActions } from '../cluster/own-actions.ts'
import { createLocalFeed, type FeedEvents } from '../cluster/feed/local-feed.ts'
import type { Config } from '../config.ts'
import { createComposeCli } from '../docker/compose-cli.ts'
import { createEngine } from '../docker/engine.ts'
import type { EngineContainer } from '../docker/engine.types.ts'
import { createEngineProjects } from '../docker/engine-projects.ts'
import { createEventHub } from '../events.ts'
import type { Log } from '../log.ts'
import { createLocalMonitor } from '../monitoring/local-monitor.ts'
import type { Storage } from '../storage.ts'
import type { NodeAbout } from '../cluster/members/node-about.ts'

export type OwnApps = ReturnType<typeof createOwnApps>

/** What this node itself runs, in either role: its apps, their operations and containers, its stats, and the feed that reports them. */
export function createOwnApps(deps: {
  em: EntityManager
  config: Config
  nodeId: string
  about: NodeAbout
  storage: Storage
  clock: Clock
  log: Log
}) {
  const { em, config, nodeId, about, storage, clock, log } = deps
  const feedHub = createEventHub<FeedEvents>()
  const engine = createEngine({ log, clock })
  const files = createAppFiles({ appsDir: config.appsDir })
  /** A Compose project of another program, or of another node on the same Engine, is not this node's app even if it shares its name. */
  const ofOwnAppsOnly = (container: EngineContainer): EngineContainer =>
    container.project !== null && container.workingDir === files.directoryOf(container.project)
      ? container
      : { ...container, project: null }
  const compose = createComposeCli({ log })
  const monitor = createLocalMonitor({
    nodeId,
    engine,
    composeVersion: compose.knownVersion,
    storageProblem: storage.problem,
    clock,
    log,
    intervalMs: config.stats.intervalMs,
  })
  const containers = createContainerWatch({
    engine,
    clock,
    log,
    isFollowed: ({ workingDir }) => workingDir !== null && dirname(workingDir) === config.appsDir,
    onChange() {
      apps.refreshAll()
      const away = containers.away()
      monitor.setContainers(containers.all().map(ofOwnAppsOnly))
      if (away === null) monitor.dockerUp()
      else monitor.dockerDown(away)
    },
  })
  const operations = createOperations({
    em,
    nodeId,
    clock,
    log,
    ...config.operations,
    onChange: (operation) => feedHub.emit('event', { type: 'operation', operation }),
  })
  const disk = createDiskWatch({ files, clock, log, onChange: (name) => apps.refresh(name) })
  const apps = createAppService({
    em,
    nodeId,
    clock,
    engine,
    compose,
    log,
    files,
    disk,
    watch: containers,
    operations,
    removal: createRemoval({ projects: createEngineProjects({ clock }), files }),
    onChange: (app) => feedHub.emit('event', { type: 'app', app }),
    onRemoved: (id) => feedHub.emit('event', { type: 'app-removed', id }),
  })
  monitor.onSample((stats) => feedHub.emit('event', { type: 'stats', stats }))
  const feed = createLocalFeed({ hub: feedHub, about: () => about, apps: apps.list, operations: operations.recent })

  const feedPace = createFeedPace(clock)

  return { engine, monitor, containers, operations, apps, actions: createOwnActions({ apps, operations }), feed, feedPace }
}
