import { randomUUID } from 'node:crypto'
import type { App } from '../../api/apps/app.ts'
import type { Operation } from '../../api/apps/operation.ts'
import type { RunningNode } from './running-node.ts'
import { someApp, someContainer, someOperation, someStats } from './things.ts'

const gib = 2 ** 30
/** Name, labels, processor in percent, memory and disk as parts of what there is. */
const machines = [
  ['birch', { env: 'home', rack: 'a' }, 18, 0.42, 0.51],
  ['cedar', { env: 'home', rack: 'b' }, 71, 0.83, 0.64],
  ['maple', { env: 'lab' }, 9, 0.31, 0.93],
  ['oak', { env: 'lab' }, 24, 0.55, 0.47],
] as const

interface Given extends Partial<App> {
  name: string
  on: number
  image: string
  port?: number
}

const stopped = (exitCode: number) => ({ state: 'exited', exitCode, statusText: `Exited (${exitCode})` }) as const
const newer = (service: string, image: string): App['imageUpdates'][number] => ({
  ...{ service, image, state: 'available', current: 'sha256:1', available: 'sha256:2' },
  ...{ checkedAt: new Date(), error: null, platform: 'linux/amd64', digests: [] },
})

/** Twenty apps as people run them: most are well, some are not. */
const apps: Given[] = [
  {
    name: 'nextcloud',
    on: 0,
    image: 'nextcloud:31',
    port: 8081,
    status: 'degraded',
    statusReason: 'cron: ended with exit code 137, killed',
  },
  { name: 'immich', on: 1, image: 'ghcr.io/immich-app/immich-server:v2.1', port: 2283, imageUpdates: [newer('web', 'immich-server:v2.1')] },
  { name: 'jellyfin', on: 1, image: 'jellyfin/jellyfin:10.11', port: 8096 },
  { name: 'vaultwarden', on: 0, image: 'vaultwarden/server:1.34', port: 8222, imageUpdates: [newer('web', 'vaultwarden/server:1.34')] },
  { name: 'home-assistant', on: 0, image: 'homeassistant/home-assistant:2026.11', port: 8123 },
  { name: 'grafana', on: 2, image: 'grafana/grafana:12.3', port: 3000, changedOnDisk: true, changedFiles: ['compose.yaml'] },
  { name: 'prometheus', on: 2, image: 'prom/prometheus:v3.8', port: 9090 },
  {
    name: 'gitea',
    on: 2,
    image: 'gitea/gitea:1.25',
    port: 3001,
    status: 'error',
    statusReason: 'web: port 3001 is in use by another program',
  },
  { name: 'paperless', on: 1, image: 'ghcr.io/paperless-ngx/paperless-ngx:2.19', port: 8010 },
  { name: 'pihole', on: 0, image: 'pihole/pihole:2025.11', port: 8053 },
  { name: 'traefik', on: 0, image: 'traefik:v3.6', port: 443 },
  { name: 'uptime-kuma', on: 3, image: 'louislam/uptime-kuma:2', port: 3002 },
  { name: 'minecraft', on: 3, image: 'itzg/minecraft-server:java21', port: 25565 },
  { name: 'syncthing', on: 1, image: 'syncthing/syncthing:2', port: 8384 },
  {
    name: 'audiobookshelf',
    on: 1,
    image: 'ghcr.io/advplyr/audiobookshelf:2.30',
    port: 13378,
    imageUpdates: [newer('web', 'audiobookshelf:2.30')],
  },
  { name: 'mealie', on: 2, image: 'ghcr.io/mealie-recipes/mealie:v3.5', port: 9925, desiredState: 'stopped', status: 'stopped' },
  { name: 'freshrss', on: 0, image: 'freshrss/freshrss:1.27', port: 8088 },
  { name: 'navidrome', on: 1, image: 'deluan/navidrome:0.58', port: 4533, status: 'updating' },
  { name: 'wallabag', on: 2, image: 'wallabag/wallabag:2.6', port: 8089, status: 'stopped' },
  { name: 'plausible', on: 2, image: 'ghcr.io/plausible/community-edition:v3', port: 8000 },
]

function appOf({ on: _on, image, port, ...given }: Given, nodeId: string, now: Date): App {
  const isDown = given.status === 'stopped' || given.status === 'error'
  const ports = port === undefined ? [] : [{ hostIp: '0.0.0.0', hostPort: port, containerPort: 80, protocol: 'tcp' }]
  const web = someContainer({ name: `${given.name}-web-1`, image, ports, ...(isDown && stopped(given.status === 'error' ? 1 : 0)) })
  const db = someContainer({ name: `${given.name}-db-1`, service: 'db', image: 'postgres:18', ports: [], ...(isDown && stopped(0)) })
  const containers = [web, ...(given.name.length % 2 === 0 ? [db] : [])]
  return someApp({ ...given, nodeId, containers, asOf: now, createdAt: new Date(now.getTime() - 40 * 86_400_000), updatedAt: now })
}

const reasons: Record<string, string> = { gitea: 'Port 3001 is in use by another program', nextcloud: 'cron: ended with exit code 137' }

/** What happened in the last hours, the newest first. */
const happened: [app: string, kind: Operation['kind'], status: Operation['status'], minutesAgo: number][] = [
  ['navidrome', 'update_images', 'running', 0.5],
  ['gitea', 'update', 'failed', 14],
  ['immich', 'update_images', 'succeeded', 38],
  ['mealie', 'stop', 'succeeded', 75],
  ['jellyfin', 'restart', 'succeeded', 130],
  ['traefik', 'update', 'succeeded', 200],
  ['paperless', 'create', 'succeeded', 330],
]

/** What a busy machine does, a little different at each step. */
const wave = (step: number, seed: number): number => 0.8 + 0.25 * Math.sin(step / 5 + seed) + 0.12 * Math.sin(step * 1.7 + seed * 3)

function statsOf(nodeId: string, [, , cpu, memory, disk]: (typeof machines)[number], step: number, asOf: Date) {
  const seed = cpu
  return someStats({
    nodeId,
    asOf,
    cpu: { usagePercent: Math.min(100, cpu * wave(step, seed)), cores: 8 },
    memory: {
      totalBytes: 16 * gib,
      usedBytes: 16 * gib * memory * (0.95 + 0.05 * wave(step, seed)),
      availableBytes: 8 * gib,
      swapTotalBytes: 0,
      swapUsedBytes: 0,
    },
    disks: [{ mount: '/', filesystem: 'ext4', totalBytes: 500 * gib, usedBytes: 500 * gib * disk }],
  })
}

/**
 * Fills a primary with four more nodes, one of which is away, twenty apps and six hours of history.
 *
 * @param advance moves the clock of the primary, whose time begins six hours before what is to be shown
 */
export async function fillCluster(
  { services, id: selfId }: Pick<RunningNode, 'services' | 'id'>,
  { now, advance }: { now: () => Date; advance: (ms: number) => unknown },
): Promise<{ nodeIds: string[]; appIds: Map<string, string> }> {
  const { registry } = services.members
  const { inventory } = services.feed
  const nodeIds: string[] = []
  for (const [name, labels] of machines) {
    const id = randomUUID()
    nodeIds.push(id)
    await registry.register({ id, name, apiEndpoint: `http://${name}.home.arpa:8080`, apiKey: `the-key-of-${name}`, labels })
    registry.observe(id, { kind: 'heartbeat' })
  }
  const stepMs = 5 * 60_000
  for (let step = 0; step < 72; step++) {
    machines.forEach((machine, index) =>
      inventory.apply(nodeIds[index] ?? '', { type: 'stats', stats: statsOf(nodeIds[index] ?? '', machine, step, now()) }),
    )
    services.history.sampled({ ...statsOf(selfId, ['', {}, 12, 0.37, 0.44] as never, step, now()), containers: [] })
    await advance(stepMs)
    // Only a few steps wait to be written.
    await Promise.all([services.totals.flush(), services.history.flush()])
  }
  const appIds = new Map<string, string>()
  for (const nodeId of nodeIds) {
    const own = apps.filter(({ on }) => nodeIds[on] === nodeId).map((app) => appOf(app, nodeId, now()))
    for (const { name, id } of own) appIds.set(name, id)
    const operations = happened.flatMap(([name, kind, status, minutesAgo]) => {
      const app = own.find((each) => each.name === name)
      if (!app) return []
      const at = new Date(now().getTime() - minutesAgo * 60_000)
      const isOver = status !== 'running'
      const error = status === 'failed' ? (reasons[name] ?? 'It failed') : null
      return someOperation({
        nodeId,
        appId: app.id,
        appName: name,
        kind,
        status,
        error,
        progress: isOver ? 100 : 40,
        message: isOver ? 'Done' : 'Pulling navidrome',
        createdAt: at,
        startedAt: at,
        finishedAt: isOver ? new Date(at.getTime() + 20_000) : null,
      })
    })
    inventory.apply(nodeId, { type: 'snapshot', apps: own, operations })
  }
  const away = nodeIds.at(-1) ?? ''
  for (let i = 0; i < 3; i++)
    registry.observe(away, { kind: 'check-failed', by: 'check', startedAt: now(), reason: 'No answer within 5 seconds' })
  return { nodeIds, appIds }
}
