import type { OwnApps } from '../apps/own-apps.ts'
import type { EngineRoom } from '../engine/engine.ts'
import type { Operations } from '../apps/operations.ts'
import type { Clock } from '../clock.ts'
import type { OwnHistory } from '../monitoring/history/history.ts'
import type { OwnTimeline } from '../monitoring/timeline/timeline.ts'
import type { Handlers } from './calls/declared-call.ts'
import type { actionCalls } from './node-calls.ts'

export type OwnActions = ReturnType<typeof createOwnActions>

/** This node's function for each call that acts on its apps. Routes serve these to other nodes; `node-router.ts` uses them here. */
export const createOwnActions = ({
  apps,
  engine,
  operations,
  history,
  timeline,
  clock,
}: {
  apps: OwnApps
  engine: EngineRoom
  operations: Operations
  history: Pick<OwnHistory, 'read'>
  timeline: Pick<OwnTimeline, 'read'>
  clock: Clock
}) =>
  ({
    listApps: async () => apps.list(),
    getApp: async ({ id }) => apps.get(id),
    createApp: ({ idempotencyKey, ...input }, waiting) =>
      apps.once(idempotencyKey, ['create', input], () => apps.create(input, waiting?.by)),
    // A person's change goes back by itself unless they say otherwise.
    updateApp: ({ id, idempotencyKey, rollback, ...given }, waiting) => {
      const input = { ...given, rollback: rollback ?? true }
      return apps.once(idempotencyKey, ['update', id, input], () => apps.update(id, input, waiting?.by))
    },
    startApp: ({ id, rollback }) => apps.startApp(id, { rollback: rollback ?? true }),
    restoreVolumes: ({ id, version }) => apps.restoreVolumes(id, version),
    restartApp: ({ id, services }) => apps.restartApp(id, services ?? []),
    retryOperation: ({ id }) => apps.retryOperation(id),
    stopApp: ({ id }) => apps.stopApp(id),
    setAppSchedules: ({ id, schedules }) => apps.setSchedules(id, schedules),
    setAutoUpdate: ({ id, policy }) => apps.setAutoUpdate(id, policy ?? null),
    updateImages: ({ id, services, copyVolumes }, waiting) =>
      apps.updateImages(id, services, { copyVolumes: copyVolumes ?? false, ...(waiting && { author: waiting.by }) }),
    rollbackApp: ({ id, ...input }, waiting) => apps.rollbackApp(id, input, waiting?.by),
    appVersions: ({ id, ...page }) => apps.listVersions(id, page),
    appVersion: ({ id, number }) => apps.showVersion(id, number),
    changedFiles: ({ id }) => apps.changedFiles(id),
    versionFiles: ({ id, number }) => apps.versions.files(id, number),
    pullAndUpdateApp: ({ id }, waiting) => apps.update(id, { pull: true, rollback: true }, waiting?.by),
    removeApp: ({ id, ...input }) => apps.removeApp(id, input),
    createNetwork: ({ name }) => apps.createNetwork(name),
    validateApp: (input, waiting) => apps.validate(input, waiting?.signal),
    removalOf: ({ id }) => apps.removalOf(id),
    cancelOperation: ({ id }) => operations.cancel(id),
    appCopy: ({ id }) => apps.copyOf(id),
    createAgain: ({ allowances, ...input }, waiting) => apps.createAgain(input, allowances, waiting?.by),
    containerDetails: ({ containerId }) => engine.details(containerId),
    containerProcesses: ({ containerId }) => engine.processes(containerId),
    inspectContainer: ({ containerId }) => engine.inspection(containerId),
    diskUsage: () => engine.diskUsage(),
    containerAction: ({ containerId, action }, waiting) => engine.act(containerId, action, waiting?.by ?? 'another node'),
    pullImage: ({ image }) => engine.pullImage(image),
    removeImage: ({ id }) => engine.removeImage(id),
    removeVolume: ({ id }) => engine.removeVolume(id),
    removeNetwork: ({ id }) => engine.removeNetwork(id),
    prune: (input) => engine.prune(input),
    folders: () => apps.preparedFolders(),
    composeProjects: () => apps.composeProjects(),
    importApp: (input, waiting) => apps.importApp(input, waiting?.by),
    importPreview: (input) => apps.previewImport(input),
    nodeHistory: ({ containers, to, ...span }) => history.read({ containers: namesIn(containers) }, { ...span, to: to ?? clock.now() }),
    appHistory: async ({ id, services, to, ...span }) =>
      history.read({ app: apps.get(id).name, services: namesIn(services) }, { ...span, to: to ?? clock.now() }),
    nodeTimeline: ({ from, to, first }) => timeline.read({ app: null, ...spanOf(from, to, clock.now()), first }),
    appTimeline: async ({ id, from, to, first }) => timeline.read({ app: apps.get(id).name, ...spanOf(from, to, clock.now()), first }),
    composeOnDisk: ({ name }) => apps.composeOnDisk(name),
  }) satisfies Handlers<typeof actionCalls>

/** What nodes keep, unless someone asks for less. */
const keptMs = 31 * 24 * 3600_000
const spanOf = (from: Date | undefined, to: Date | undefined, now: Date) => ({
  from: from ?? new Date((to ?? now).getTime() - keptMs),
  to: to ?? now,
})

const namesIn = (text: string | undefined): string[] => text?.split(',').filter(Boolean) ?? []
