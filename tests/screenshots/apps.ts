import type { Behavior } from './images.ts'

export interface ShownApp {
  name: string
  /** Name of its node. */
  on: string
  description?: string
  compose: string
}

interface Service {
  image: string
  /** `host:container`, or nothing */
  port?: string
  /** Path that a health check asks for. The test image has `/` only. */
  health?: string
  env?: Record<string, string>
  volume?: string
  needs?: string
}

const postgres: Service = { image: 'postgres:18', env: { POSTGRES_DB: 'app' }, volume: 'db:/var/lib/postgresql' }
const redis: Service = { image: 'redis:8-alpine' }

function serviceOf(name: string, { image, port, health, env, volume, needs }: Service): string {
  const inside = port?.split(':')[1] ?? '80'
  return [
    `  ${name}:`,
    `    image: ${image}`,
    '    restart: unless-stopped',
    ...(port ? ['    ports:', `      - "127.0.0.1:${port}"`] : []),
    ...(env ? ['    environment:', ...Object.entries(env).map(([key, value]) => `      ${key}: ${value}`)] : []),
    ...(volume ? ['    volumes:', `      - ${volume}`] : []),
    ...(needs ? ['    depends_on:', `      - ${needs}`] : []),
    ...(health
      ? [
          '    healthcheck:',
          `      test: [CMD, wget, -qO-, "http://127.0.0.1:${inside}${health}"]`,
          '      interval: 10s',
          '      start_period: 1s',
          '      retries: 2',
        ]
      : []),
  ].join('\n')
}

export function composeOf(services: Record<string, Service>): string {
  const volumes = Object.values(services).flatMap(({ volume }) => volume?.split(':')[0] ?? [])
  const parts = Object.entries(services).map(([name, service]) => serviceOf(name, service))
  const last = volumes.length > 0 ? ['volumes:', ...volumes.map((volume) => `  ${volume}:`)] : []
  return `${['services:', ...parts, ...last].join('\n')}\n`
}

const one = (image: string, port: string, more: Partial<Service> = {}, name = 'app') => composeOf({ [name]: { image, port, ...more } })

/** Immich through its versions: the last one adds machine learning. */
export const immich = (tag: string, learns: boolean): string =>
  composeOf({
    server: {
      image: `ghcr.io/immich-app/immich-server:${tag}`,
      port: '2283:2283',
      health: '/',
      env: { DB_HOSTNAME: 'database', REDIS_HOSTNAME: 'redis', TZ: 'Europe/Berlin', ...(learns && { IMMICH_LOG_LEVEL: 'log' }) },
      volume: 'library:/data',
      needs: 'database',
    },
    ...(learns && { 'machine-learning': { image: `ghcr.io/immich-app/immich-machine-learning:${tag}`, volume: 'models:/cache' } }),
    redis,
    database: { ...postgres, image: 'ghcr.io/immich-app/postgres:17', volume: 'db:/var/lib/postgresql/data' },
  })

export const grafana = (tag: string): string => one(`grafana/grafana:${tag}`, '3300:3000', { volume: 'data:/var/lib/grafana', health: '/' })

/** Twenty apps as people run them at home. */
export const apps: ShownApp[] = [
  {
    name: 'nextcloud',
    on: 'home-server',
    description: 'Files, calendars and contacts of the family',
    compose: composeOf({
      app: { image: 'nextcloud:31', port: '8180:80', health: '/', volume: 'html:/var/www/html', needs: 'db' },
      cron: { image: 'nextcloud:31-cron', needs: 'db' },
      redis,
      db: postgres,
    }),
  },
  {
    name: 'vaultwarden',
    on: 'home-server',
    compose: one('vaultwarden/server:1.34.3', '8222:80', { health: '/', volume: 'data:/data', env: { SIGNUPS_ALLOWED: '"false"' } }),
  },
  {
    name: 'home-assistant',
    on: 'home-server',
    compose: one('homeassistant/home-assistant:2026.11', '8123:8123', { volume: 'config:/config' }),
  },
  {
    name: 'paperless-ngx',
    on: 'home-server',
    description: 'Scanned letters, searchable',
    compose: composeOf({
      webserver: {
        image: 'ghcr.io/paperless-ngx/paperless-ngx:2.19',
        port: '8010:8000',
        health: '/',
        volume: 'media:/media',
        needs: 'broker',
      },
      broker: redis,
      db: postgres,
    }),
  },
  { name: 'immich', on: 'attic-nas', description: 'Photos from all phones', compose: immich('v2.1.0', false) },
  { name: 'jellyfin', on: 'attic-nas', compose: one('jellyfin/jellyfin:10.11', '8196:8096', { health: '/', volume: 'config:/config' }) },
  { name: 'navidrome', on: 'attic-nas', compose: one('deluan/navidrome:0.58.5', '4533:4533', { volume: 'data:/data' }) },
  { name: 'audiobookshelf', on: 'attic-nas', compose: one('ghcr.io/advplyr/audiobookshelf:2.30', '13378:80', { health: '/' }) },
  { name: 'syncthing', on: 'attic-nas', compose: one('syncthing/syncthing:2', '8384:8384', { health: '/' }) },
  { name: 'pihole', on: 'pi-kitchen', compose: one('pihole/pihole:2025.11', '8153:80', { health: '/' }) },
  { name: 'mosquitto', on: 'pi-kitchen', compose: one('eclipse-mosquitto:2', '1883:1883', {}, 'broker') },
  {
    name: 'zigbee2mqtt',
    on: 'pi-kitchen',
    description: 'Lamps and sensors',
    compose: one('ghcr.io/koenkk/zigbee2mqtt:2.7', '8181:8080', { env: { TZ: 'Europe/Berlin' } }),
  },
  {
    name: 'gitea',
    on: 'vps-fra1',
    compose: composeOf({
      server: { image: 'gitea/gitea:1.25', port: '3301:3000', health: '/', volume: 'data:/data', needs: 'db' },
      db: postgres,
    }),
  },
  { name: 'uptime-kuma', on: 'vps-fra1', compose: one('louislam/uptime-kuma:2', '3302:3001', { health: '/', volume: 'data:/app/data' }) },
  {
    name: 'plausible',
    on: 'vps-fra1',
    compose: composeOf({
      plausible: { image: 'ghcr.io/plausible/community-edition:v3.1', port: '8100:8000', health: '/api/health', needs: 'db' },
      db: postgres,
      events: { image: 'clickhouse/clickhouse-server:25-alpine', volume: 'events:/var/lib/clickhouse' },
    }),
  },
  { name: 'mealie', on: 'vps-fra1', compose: one('ghcr.io/mealie-recipes/mealie:v3.5', '9925:9000', { volume: 'data:/app/data' }) },
  { name: 'grafana', on: 'lab-nuc', description: 'Dashboards of all servers', compose: grafana('12.2.1') },
  { name: 'prometheus', on: 'lab-nuc', compose: one('prom/prometheus:v3.8', '9190:9090', { volume: 'data:/prometheus' }) },
  { name: 'frigate', on: 'lab-nuc', description: 'Cameras', compose: one('ghcr.io/blakeblackshear/frigate:0.16', '8971:8971') },
  { name: 'freshrss', on: 'lab-nuc', compose: one('freshrss/freshrss:1.27', '8188:80', { health: '/' }) },
]

const immichServer: Behavior = {
  port: 2283,
  boot: [
    '[Nest] 7  LOG [Microservices:EventRepository] Initialized websocket server',
    '[Nest] 7  LOG [Api:RoutesResolver] 42 routes mapped',
    '[Nest] 7  LOG [Api:Bootstrap] Immich Server is listening on http://[::1]:2283 [v2] [production]',
  ],
  busy: [
    '[Nest] 7  LOG [Api:MediaService] Generated thumbnail for IMG_4127.HEIC (1440 x 1080)',
    '[Nest] 7  LOG [Api:MetadataService] Extracted metadata of IMG_4128.HEIC',
    '[Nest] 7  WARN [Api:MetadataService] No GPS coordinates in IMG_4128.HEIC',
    '[Nest] 7  LOG [Api:AuthService] Login of anna@example.org from 192.168.1.23',
    '[Nest] 7  LOG [Api:JobService] Queue thumbnailGeneration: 3 waiting, 1 active',
    '[Nest] 7  ERROR [Api:MediaService] Could not read VID_0033.MOV: moov atom not found',
    '[Nest] 7  LOG [Api:StorageService] 812 GiB of 4.0 TiB used',
  ],
}
const database: Behavior = {
  boot: [
    'LOG:  starting PostgreSQL 18.1 on x86_64',
    'LOG:  listening on IPv4 address "0.0.0.0", port 5432',
    'LOG:  database system is ready to accept connections',
  ],
  busy: ['LOG:  checkpoint starting: time', 'LOG:  checkpoint complete: wrote 43 buffers (0.3%); write=4.2 s, sync=0.01 s'],
}
const learning: Behavior = {
  boot: ['INFO     Starting gunicorn 23.0.0', 'INFO     Listening at: http://[::]:3003'],
  busy: ['INFO     Loading visual model "ViT-B-32__openai" to memory', 'INFO     Recognized 4 faces in IMG_4127.HEIC'],
}
const cache: Behavior = {
  boot: ['* Ready to accept connections tcp'],
  busy: ['* 100 changes in 300 seconds. Saving...', '* Background saving terminated with success'],
}
const failing = (line: string): Behavior => ({ exits: 1, boot: ['Starting', line] })

/** Images that do more than serve a page. */
const special: Record<string, Behavior> = {
  'ghcr.io/immich-app/immich-server:v2.1.0': immichServer,
  'ghcr.io/immich-app/immich-server:v2.2.0': immichServer,
  'ghcr.io/immich-app/immich-server:v2.3.1': immichServer,
  'ghcr.io/immich-app/immich-machine-learning:v2.3.1': learning,
  'ghcr.io/immich-app/postgres:17': database,
  'postgres:18': database,
  'redis:8-alpine': cache,
  'nextcloud:31-cron': { busy: ['cron: ran 14 jobs in 1.2 s'] },
  'clickhouse/clickhouse-server:25-alpine': { boot: ['<Information> Application: Ready for connections.'] },
  'grafana/grafana:12.3.0': failing('Error: data source provisioning: unknown field "httpMode"'),
  'ghcr.io/blakeblackshear/frigate:0.16': failing('ERROR: cameras.garden: ffmpeg input is missing in /config/config.yml'),
}

/** What each image in a Compose file does. */
export function imagesIn(composeFiles: string[]): Record<string, Behavior> {
  const served = composeFiles.flatMap((text) =>
    [...text.matchAll(/image: (\S+)\n(?: {4}restart.*\n)(?: {4}ports:\n {6}- "127\.0\.0\.1:\d+:(\d+)"\n)?/g)].map(
      ([, image = '', port]): [string, Behavior] => [
        image,
        port === undefined ? {} : { port: Number(port), boot: [`Listening on 0.0.0.0:${port}`], busy: ['GET / 200'] },
      ],
    ),
  )
  return { ...Object.fromEntries(served), ...special }
}
