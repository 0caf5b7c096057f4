import type { App } from '../../../api/apps/app.ts'
import type { NodeStats } from '../../../api/monitoring/node-stats.ts'

// What simulated nodes report: as much as a real one with a few apps.

const gib = 2 ** 30

export const statsOf = (node: { id: string }): NodeStats => ({
  nodeId: node.id,
  asOf: new Date(),
  cpu: { usagePercent: 12.5, cores: 4 },
  memory: { totalBytes: 8 * gib, usedBytes: 3 * gib, availableBytes: 5 * gib, swapTotalBytes: 2 * gib, swapUsedBytes: 0 },
  disks: [{ mount: '/', filesystem: 'ext4', totalBytes: 100 * gib, usedBytes: 40 * gib }],
  moreDisks: 0,
  network: null,
  storageProblem: null,
  backups: null,
  composePolicy: 'enforced',
  load: [0.5, 0.4, 0.3],
  uptimeSeconds: 1_000_000,
  docker: {
    available: true,
    error: null,
    version: '28.0.0',
    composeVersion: 'docker compose 2.40.0',
    running: 3,
    paused: 0,
    stopped: 1,
    images: 12,
  },
  containers: Array.from({ length: 3 }, (_, index) => ({
    id: `${node.id}-${index}`,
    name: `app-${index}-web-1`,
    appName: `app-${index}`,
    service: 'web',
    state: 'running',
    cpuPercent: 1.5,
    memoryBytes: 64 * 2 ** 20,
    memoryLimitBytes: 8 * gib,
    networkRxBytes: 123_456,
    networkTxBytes: 654_321,
    blockReadBytes: 1000,
    blockWriteBytes: 2000,
  })),
  moreContainers: 0,
})

export const appsOf = (node: { id: string }, count: number): App[] => Array.from({ length: count }, (_, index) => appOf(node, index))

function appOf(node: { id: string }, index: number): App {
  const name = `app-${index}`
  const started = new Date('2026-01-01T00:00:00Z')
  return {
    id: node.id.replace('-8000-', `-${(0x9000 + index).toString(16)}-`),
    nodeId: node.id,
    name,
    description: 'A web server with its cache',
    composeContent: `services:\n  web:\n    image: nginx:1.29\n    ports:\n      - "${8000 + index}:80"\n  cache:\n    image: redis:8\n`,
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
    containers: ['web', 'cache'].map((service) => ({
      id: `${node.id}-${index}-${service}`,
      name: `${name}-${service}-1`,
      service,
      image: service === 'web' ? 'nginx:1.29' : 'redis:8',
      state: 'running',
      health: null,
      statusText: 'Up',
      startedAt: started,
      finishedAt: null,
      restartCount: 0,
      isSteady: true,
      exitCode: null,
      ports: service === 'web' ? [{ hostIp: '0.0.0.0', hostPort: 8000 + index, containerPort: 80, protocol: 'tcp' }] : [],
      morePorts: 0,
      createdAt: started,
    })),
    moreContainers: 0,
    deployFailedAt: null,
    imageUpdates: [],
    schedules: [],
    autoUpdate: null,
    asOf: started,
    createdAt: started,
    updatedAt: started,
  }
}
