import { z } from '@hono/zod-openapi'
import camelcaseKeys from 'camelcase-keys'
import snakecaseKeys from 'snakecase-keys'
import type { CamelCasedPropertiesDeep, SnakeCasedPropertiesDeep } from 'type-fest'
import { bounds, cut, earliest, latest, maxInt } from './bounds.ts'
import { readLeniently, type Lenient } from './lenient.ts'
import { appDesiredStates, appStatuses, containerHealths, containerStates, type App } from './apps/app.ts'
import type { ComposeOnDisk, PreparedFolder } from './apps/compose-on-disk.ts'
import { nearestStatus, operationKinds, operationStatuses, type Operation } from './apps/operation.ts'
import { removalItemKinds, removalRules, type RemovalPreview } from './apps/removal-item.ts'
import type { NodeStats } from './monitoring/node-stats.ts'
import { connectionModes, type NodeAbout } from './nodes/about.ts'
import { joinHops } from './nodes/join-hops.ts'

/**
 * How apps, operations and stats look as JSON (snake_case, ISO 8601), over REST and between nodes. What another node
 * sends is read by these schemas before anything believes it: sizes are bounded by bounds.ts, unknown keys are dropped, and
 * what does not fit costs itself alone, as lenient.ts has it. Each list of words holds `unknown`, for words of a newer version.
 */

const dateTime = z
  .union([z.string().max(50), z.date()])
  .pipe(z.coerce.date<string | Date>().min(earliest).max(latest))
  .openapi({ type: 'string', format: 'date-time' })
const bytes = z.number().nonnegative()
/** What GraphQL's Int can carry. */
const int = z.int().min(-maxInt).max(maxInt)
const text = (most: number) => z.string().max(most)
/** Older nodes do not say it: they list what they have. */
const more = (verb: string) =>
  int
    .nonnegative()
    .default(0)
    .openapi({ description: `How many more it ${verb} than are listed` })

export const containerWire = z
  .object({
    id: text(bounds.container.id),
    name: text(bounds.container.name),
    service: text(bounds.container.service),
    image: text(bounds.container.image),
    state: z.enum(containerStates),
    health: z.enum(containerHealths).nullable(),
    status_text: text(bounds.container.statusText),
    exit_code: int.nullable(),
    // A node of an earlier version says none of the three.
    started_at: dateTime.nullable().default(null),
    finished_at: dateTime.nullable().default(null),
    restart_count: int.nonnegative().nullable().default(null),
    ports: z
      .array(
        z.object({
          host_ip: text(bounds.container.hostIp).nullable(),
          host_port: int,
          container_port: int,
          protocol: text(bounds.container.protocol),
        }),
      )
      .max(bounds.container.ports),
    more_ports: more('publishes'),
    created_at: dateTime,
  })
  .openapi('Container')

export const appWire = z
  .object({
    id: z.guid(),
    node_id: z.guid(),
    name: text(bounds.app.name),
    description: text(bounds.app.description).nullable(),
    compose_content: text(bounds.app.composeBytes),
    // A node of an older version says neither.
    version: int.min(1).default(1),
    changed_on_disk: z.boolean().default(false),
    desired_state: z.enum(appDesiredStates),
    status: z.enum(appStatuses),
    status_reason: text(bounds.app.statusReason).nullable(),
    containers: z.array(containerWire).max(bounds.app.containers),
    more_containers: more('has'),
    as_of: dateTime,
    created_at: dateTime,
    updated_at: dateTime,
  })
  .openapi('App')

export const folderWire = z
  .object({ name: text(bounds.app.name), compose_file: text(bounds.app.name).nullable() })
  .openapi('PreparedFolder')
export const foldersWire = z.array(folderWire).max(bounds.folders)

export const composeOnDiskWire = z
  .object({
    file: text(bounds.app.name),
    content: text(bounds.app.composeBytes).nullable(),
    problem: text(bounds.app.statusReason).nullable(),
  })
  .openapi('ComposeOnDisk')

export const composeProblemWire = z
  .object({
    message: text(bounds.problem.message),
    file: text(bounds.problem.file).nullable(),
    line: int.nullable(),
    column: int.nullable(),
    service: text(bounds.container.service).nullable(),
  })
  .openapi('ComposeProblem')

export const operationWire = z
  .object({
    id: z.guid(),
    node_id: z.guid(),
    kind: z.enum(operationKinds),
    status: z.enum(operationStatuses),
    progress: z.int().min(0).max(100),
    message: text(bounds.operation.message).nullable(),
    output: z.array(text(bounds.operation.line)).max(bounds.operation.lines),
    // Older nodes say none.
    warnings: z.array(composeProblemWire).max(bounds.operation.warnings).default([]),
    error: text(bounds.operation.error).nullable(),
    app_id: z.guid().nullable(),
    app_name: text(bounds.app.name).nullable(),
    created_at: dateTime,
    started_at: dateTime.nullable(),
    finished_at: dateTime.nullable(),
  })
  .openapi('Operation')

export const removalPreviewWire = z
  .object({
    items: z
      .array(
        z.object({
          // Words of a newer version: what cannot be told is announced rather than concealed.
          kind: z
            .enum(removalItemKinds)
            .catch('file')
            .openapi({ type: 'string', enum: [...removalItemKinds] }),
          name: text(bounds.removal.name),
          detail: text(bounds.removal.detail).nullable(),
          size_bytes: bytes.nullable(),
          goes: z
            .enum(removalRules)
            .catch('always')
            .openapi({ type: 'string', enum: [...removalRules] }),
          obstacle: text(bounds.removal.obstacle).nullable(),
        }),
      )
      .max(bounds.removal.items),
    omitted: z.int().min(0).max(maxInt),
  })
  .openapi('RemovalPreview')

export const containerStatsWire = z
  .object({
    id: text(bounds.container.id),
    name: text(bounds.container.name),
    app_name: text(bounds.container.service).nullable(),
    state: z.enum(containerStates),
    cpu_percent: z.number(),
    memory_bytes: bytes,
    memory_limit_bytes: bytes,
    network_rx_bytes: bytes,
    network_tx_bytes: bytes,
    block_read_bytes: bytes,
    block_write_bytes: bytes,
  })
  .openapi('ContainerStats')

export const nodeStatsWire = z
  .object({
    node_id: z.guid(),
    as_of: dateTime,
    cpu: z.object({ usage_percent: z.number(), cores: int }),
    memory: z.object({
      total_bytes: bytes,
      used_bytes: bytes,
      available_bytes: bytes,
      swap_total_bytes: bytes,
      swap_used_bytes: bytes,
    }),
    disks: z
      .array(
        z.object({ mount: text(bounds.stats.mount), filesystem: text(bounds.stats.filesystem), total_bytes: bytes, used_bytes: bytes }),
      )
      .max(bounds.stats.disks),
    more_disks: more('has'),
    load: z.tuple([z.number(), z.number(), z.number()]).openapi({ type: 'array', items: { type: 'number' }, minItems: 3, maxItems: 3 }),
    uptime_seconds: z.number(),
    docker: z.object({
      available: z.boolean(),
      error: text(bounds.stats.dockerError).nullable(),
      version: text(bounds.stats.dockerVersion).nullable(),
      // Older nodes do not say it.
      compose_version: text(bounds.stats.dockerVersion).nullable().default(null),
      running: int,
      paused: int,
      stopped: int,
      images: int,
    }),
    containers: z.array(containerStatsWire).max(bounds.stats.containers),
    more_containers: more('runs'),
  })
  .openapi('NodeStats')

export const nodeAboutWire = z.object({
  version: text(bounds.about.version),
  capabilities: z.array(text(bounds.about.capability)).max(bounds.about.capabilities),
  // A word of a newer version means no more than the default.
  connection: z.enum(connectionModes).catch('auto'),
  instance_id: z.guid(),
  started_at: z.coerce.date(),
  hostname: text(bounds.about.hostname),
})

/** Where a newer version saw it fail is somewhere on the way as well. */
const joinHop = text(50)
  .transform((word) => joinHops.find((hop) => hop === word) ?? 'http')
  .openapi({ type: 'string', enum: [...joinHops] })

export const joinWire = z
  .object({
    token: z.string().max(500).optional().openapi({ description: 'Or in `Authorization: Bearer`' }),
    id: z.string().max(100).openapi({ description: 'UUID of the node' }),
    name: text(500).openapi({ description: 'What the node calls itself: NODE_NAME, or its host name' }),
    api_endpoint: z.string().max(3000),
    api_key: z.string().max(1000).openapi({ description: "The node's own key" }),
    time: dateTime.optional().openapi({ description: 'The clock of the node' }),
    about: z.unknown().optional().openapi({ type: 'object', description: 'What its heartbeats say of its program' }),
    earlier: z
      .array(z.object({ at: dateTime, hop: joinHop, message: text(bounds.join.failure) }))
      .max(bounds.join.earlier)
      .optional()
      .openapi({ description: 'How earlier attempts failed on their way' }),
  })
  .openapi('Join')

export const joinedWire = z
  .object({
    node: z.object({ id: z.string().max(100), name: text(bounds.nodeName) }),
    primary: z.object({ id: z.string().max(100), name: text(bounds.nodeName), version: text(bounds.about.version) }),
    notes: z.array(text(bounds.join.note)).max(bounds.join.notes).openapi({ description: 'What a person should know of how it joined' }),
  })
  .openapi('Joined')

/** Any domain object as it goes over the wire. Dates become ISO 8601 when it is written as JSON. Inputs of GraphQL have no prototype, hence the copy. */
export const toWire = <T extends object>(value: T) =>
  snakecaseKeys({ ...(value as Record<string, unknown>) }, { deep: true }) as unknown as SnakeCasedPropertiesDeep<T>

export const fromWire = <T extends object>(value: T) =>
  camelcaseKeys(value as Record<string, unknown>, { deep: true }) as CamelCasedPropertiesDeep<T>

/** Reads one thing of another node as far as it can be read. */
const reader =
  <Wire extends object, T>(schema: z.ZodType<Wire>, then: (read: CamelCasedPropertiesDeep<Wire>) => T) =>
  (value: unknown): Lenient<T> => {
    const { value: read, problems } = readLeniently(schema, value)
    return { value: read && then(fromWire(read)), problems }
  }

const readAppWire = reader(appWire, (app): App => app)
const readOperationWire = reader(operationWire, (operation): Operation => operation)
export const readNodeStats = reader(nodeStatsWire, (stats): NodeStats => stats)
export const readComposeOnDisk = reader(composeOnDiskWire, (onDisk): ComposeOnDisk => onDisk)
export const readFolders = (value: unknown): Lenient<PreparedFolder[]> => {
  const { value: read, problems } = readLeniently(foldersWire, value)
  return { value: read?.map(fromWire) ?? null, problems }
}
export const readNodeAbout = reader(nodeAboutWire, (about): NodeAbout => about)
export const readRemovalPreview = reader(removalPreviewWire, (preview): RemovalPreview => preview)

/** Its status may be a word of a newer version: the reason then says which. */
export function readApp(value: unknown): Lenient<App> {
  const word = wordOf(value, 'status')
  const { value: app, problems } = readAppWire(value)
  if (app?.status !== 'unknown' || word === null || word === 'unknown' || app.statusReason !== null) return { value: app, problems }
  return { value: { ...app, statusReason: saysNewWord(word) }, problems }
}

/** Its status may be a word of a newer version as well. */
export function readOperation(value: unknown): Lenient<Operation> {
  const word = wordOf(value, 'status')
  if (!hasOwn(value, 'status') || word === null || operationStatuses.some((status) => status === word)) return readOperationWire(value)
  value.status = nearestStatus(Boolean(value.started_at), Boolean(value.finished_at))
  if (value.status === 'interrupted') value.error ??= saysNewWord(word)
  return readOperationWire(value)
}

const saysNewWord = (word: string): string => `its node says "${word}", a word that this version does not know`

const hasOwn = (value: unknown, key: string): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)

const wordOf = (value: unknown, key: string): string | null => {
  const word = hasOwn(value, key) ? value[key] : null
  return typeof word === 'string' ? cut(word, 50) : null
}
