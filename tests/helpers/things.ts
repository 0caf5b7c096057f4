import { randomUUID } from 'node:crypto'
import type { App, Container } from '../../api/apps/app.ts'
import type { Operation } from '../../api/apps/operation.ts'
import type { NodeContainer } from '../../api/engine/thing.ts'
import type { NodeStats } from '../../api/monitoring/node-stats.ts'

const at = new Date('2026-01-26T20:00:00Z')

export const someContainer = (given: Partial<Container> = {}): Container => ({
  id: randomUUID(),
  name: 'web-web-1',
  service: 'web',
  image: 'nginx:1.29',
  state: 'running',
  health: null,
  statusText: 'Up',
  exitCode: null,
  startedAt: at,
  finishedAt: null,
  restartCount: 0,
  isSteady: true,
  ports: [{ hostIp: '0.0.0.0', hostPort: 8081, containerPort: 80, protocol: 'tcp' }],
  morePorts: 0,
  createdAt: at,
  ...given,
})

/** A running app as its node reports it. */
export const someApp = (given: Partial<App> & { nodeId: string }): App => ({
  id: randomUUID(),
  name: 'web',
  description: null,
  composeContent: 'services:\n  web:\n    image: nginx:1.29\n',
  environment: [],
  files: [],
  profiles: [],
  version: 1,
  changedOnDisk: false,
  changedFiles: [],
  allowances: [],
  desiredState: 'running',
  status: 'running',
  statusReason: null,
  containers: [someContainer()],
  imageUpdates: [],
  schedules: [],
  autoUpdate: null,
  moreContainers: 0,
  deployFailedAt: null,
  asOf: at,
  createdAt: at,
  updatedAt: at,
  ...given,
})

export const someOperation = (given: Partial<Operation> & { nodeId: string }): Operation => ({
  id: randomUUID(),
  kind: 'create',
  status: 'succeeded',
  progress: 100,
  message: 'Done',
  output: ['Creating web-web-1 ... done'],
  warnings: [],
  error: null,
  appId: randomUUID(),
  appName: 'web',
  createdAt: at,
  startedAt: at,
  finishedAt: at,
  ...given,
})

export const someStats = (given: Partial<NodeStats> & { nodeId: string }): NodeStats => ({
  asOf: at,
  cpu: { usagePercent: 12.5, cores: 4 },
  memory: { totalBytes: 8e9, usedBytes: 3e9, availableBytes: 5e9, swapTotalBytes: 0, swapUsedBytes: 0 },
  disks: [{ mount: '/', filesystem: 'ext4', totalBytes: 1e11, usedBytes: 4e10 }],
  moreDisks: 0,
  network: null,
  storageProblem: null,
  backups: { problem: null },
  composePolicy: 'enforced',
  load: [0.5, 0.4, 0.3],
  uptimeSeconds: 86_400,
  docker: {
    available: true,
    error: null,
    version: '28.0.0',
    composeVersion: 'docker compose 2.40.0',
    running: 1,
    paused: 0,
    stopped: 0,
    images: 3,
  },
  containers: [],
  moreContainers: 0,
  ...given,
})

/** A container as the list of a node's containers shows it. The ids are not random, so two of them are the same. */
export const someNodeContainer = (given: Partial<NodeContainer> = {}): NodeContainer => ({
  ...someContainer({ id: 'c1' }),
  imageId: 'sha256:1',
  project: 'web',
  appId: null,
  networks: ['web_default'],
  volumes: ['web_data'],
  exitReason: null,
  isSelf: false,
  ...given,
})
