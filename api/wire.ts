import { z } from '@hono/zod-openapi'
import camelcaseKeys from 'camelcase-keys'
import snakecaseKeys from 'snakecase-keys'
import type { CamelCasedPropertiesDeep, SnakeCasedPropertiesDeep } from 'type-fest'
import { bounds, cut, earliest, latest, maxInt } from './bounds.ts'
import { readLeniently, type Lenient } from './lenient.ts'
import { appDesiredStates, appStatuses, containerHealths, containerStates, type App } from './apps/app.ts'
import type { FileOnDisk } from './apps/versions/files-on-disk.ts'
import type { ComposeOnDisk, PreparedFolder } from './apps/compose-on-disk.ts'
import { holdReasons } from './apps/images/hold-reasons.ts'
import { imageUpdateStates } from './apps/images/image-update.ts'
import { scheduleActions } from './apps/schedules/schedule.ts'
import type { ImportPreview } from './apps/import/import-input.ts'
import type { FoundProject } from './apps/import/found-projects.ts'
import { composePolicies } from './apps/compose/policy/compose-policy.ts'
import type { AppValidation } from './apps/compose/validation.ts'
import type { EngineNetwork } from './docker/engine.types.ts'
import { nearestStatus, operationKinds, operationStatuses, type Operation } from './apps/operation.ts'
import { versionOutcomes, type AppFile, type AppVersionHead, type VersionPage } from './apps/versions/version.ts'
import { removalItemKinds, removalRules, type RemovalPreview } from './apps/removal-item.ts'
import type { NodeStats } from './monitoring/node-stats.ts'
import { connectionModes, type NodeAbout } from './cluster/members/node-about.ts'
import { joinHops } from './cluster/joining/join-hops.ts'

/**
 * How apps, operations and stats look as JSON (snake_case, ISO 8601), in REST and between nodes. Everything from another
 * node passes these schemas first: sizes are limited by bounds.ts, unknown keys are dropped, and lenient.ts drops a bad
 * value without losing the rest. Each enum includes `unknown`, for words of a newer version.
 */

const dateTime = z
  .union([z.string().max(50), z.date()])
  .pipe(z.coerce.date<string | Date>().min(earliest).max(latest))
  .openapi({ type: 'string', format: 'date-time' })
const bytes = z.number().nonnegative()
/** Fits GraphQL's Int. */
const int = z.int().min(-maxInt).max(maxInt)
const text = (most: number) => z.string().max(most)
/** Older nodes do not send it: they list everything. */
const more = (verb: string) =>
  int
    .nonnegative()
    .default(0)
    .openapi({ description: `How many more it ${verb} than the list shows` })

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
    // Nodes of an earlier version send none of these four.
    started_at: dateTime.nullable().default(null),
    finished_at: dateTime.nullable().default(null),
    restart_count: int.nonnegative().nullable().default(null),
    is_steady: z.boolean().nullable().default(null),
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

export const imageUpdateWire = z
  .object({
    service: text(bounds.container.service),
    image: text(bounds.container.image),
    state: z.enum(imageUpdateStates),
    current: text(bounds.digest).nullable(),
    available: text(bounds.digest).nullable(),
    checked_at: dateTime.nullable(),
    error: text(bounds.app.imageError).nullable(),
    platform: text(bounds.platform).nullable(),
    digests: z.array(text(bounds.digest)).max(bounds.app.imageDigests),
  })
  .openapi('ImageUpdate')
const variableWire = z
  .object({
    name: text(bounds.app.variableName),
    value: text(bounds.app.environmentBytes).nullable().openapi({ description: 'Null for a secret' }),
    secret: z.boolean(),
  })
  .openapi('EnvironmentVariable')
const environmentWire = z.array(variableWire).max(bounds.app.variables)
const fileNameWire = z.object({ path: text(bounds.app.filePath), secret: z.boolean() }).openapi('AppFileName')
const profilesWire = z.array(text(bounds.app.profile)).max(bounds.app.profiles)

export const appFileWire = z
  .object({
    path: text(bounds.app.filePath),
    content: text(bounds.app.filesBytes).nullable().openapi({ description: 'Null for a secret file' }),
    secret: z.boolean(),
  })
  .openapi('AppFile')
export const appFilesWire = z.array(appFileWire).max(bounds.app.files)

export const versionSummaryWire = z
  .object({
    number: int.min(1),
    created_at: dateTime,
    author: text(bounds.version.author),
    reason: text(bounds.version.reason).nullable(),
    // What only a newer version knows is no verdict here.
    outcome: z
      .enum(versionOutcomes)
      .catch('pending')
      .openapi({ type: 'string', enum: [...versionOutcomes] }),
    profiles: profilesWire,
    images: z
      .array(
        z.object({
          service: text(bounds.container.service),
          image: text(bounds.container.image),
          digest: text(bounds.version.digest).nullable(),
        }),
      )
      .max(bounds.version.images),
    volumes_copied: z.boolean().optional().openapi({ description: 'Whether a copy of the volumes from before this version is kept' }),
  })
  .openapi('AppVersionSummary')
export const versionsWire = z
  .object({ versions: z.array(versionSummaryWire).max(bounds.version.listed), older: int.nonnegative(), total: int.nonnegative() })
  .openapi('AppVersions')

/** Its files are asked for apart, because together they could be too large for one answer. */
export const versionWire = versionSummaryWire
  .extend({
    compose_content: text(bounds.app.composeBytes),
    environment: environmentWire,
    files: z.array(fileNameWire).max(bounds.app.files),
  })
  .openapi('AppVersion')

export const allowanceWire = z
  .object({
    rule: text(bounds.policy.rule),
    detail: text(bounds.policy.detail).nullable().openapi({ description: 'Null when the rule says it all' }),
    service: text(bounds.container.service).openapi({ description: 'Empty for the whole app' }),
    by: text(bounds.personName).openapi({ description: 'A name, or "upgrade" for what an app had before there was a policy' }),
    at: dateTime,
  })
  .openapi('Allowance', { description: 'What an administrator allowed besides what every app may' })

export const scheduleWire = z
  .object({
    id: text(bounds.container.id),
    action: z.enum(scheduleActions),
    cron: text(bounds.cron),
    time_zone: text(bounds.timeZone),
    enabled: z.boolean(),
    next_runs: z.array(dateTime).max(10),
  })
  .openapi('AppSchedule')

const autoUpdateWire = z
  .object({
    cron: text(bounds.cron),
    time_zone: text(bounds.timeZone),
    window_minutes: int.min(1).max(bounds.autoUpdate.windowMinutes),
    minimum_age_hours: int.nonnegative().max(bounds.autoUpdate.minimumAgeHours),
    next_runs: z.array(dateTime).max(10),
    // Older nodes do not say it.
    held: z
      .object({ reason: z.enum(holdReasons), message: text(bounds.autoUpdate.held), since: dateTime, until: dateTime.nullable() })
      .nullable()
      .default(null)
      .openapi({ description: 'Why a newer image is not deployed now, or could not be looked for' }),
  })
  .openapi('AutoUpdate')

export const appWire = z
  .object({
    id: z.guid(),
    node_id: z.guid(),
    name: text(bounds.app.name),
    description: text(bounds.app.description).nullable(),
    compose_content: text(bounds.app.composeBytes),
    // Nodes of an older version send none of these.
    environment: environmentWire.default([]),
    files: z.array(fileNameWire).max(bounds.app.files).default([]),
    profiles: profilesWire.default([]),
    version: int.min(1).default(1),
    changed_on_disk: z.boolean().default(false),
    changed_files: z
      .array(text(bounds.app.filePath))
      .max(bounds.app.files + 1)
      .default([]),
    allowances: z.array(allowanceWire).max(bounds.app.allowances).default([]),
    desired_state: z.enum(appDesiredStates),
    status: z.enum(appStatuses),
    status_reason: text(bounds.app.statusReason).nullable(),
    containers: z.array(containerWire).max(bounds.app.containers),
    more_containers: more('has'),
    deploy_failed_at: dateTime.nullable().default(null).openapi({
      description: 'When its newest deploy was judged as failed after its operation had ended. Null otherwise, and once the app changes',
    }),
    // Older nodes do not send it.
    image_updates: z.array(imageUpdateWire).max(bounds.app.imageUpdates).default([]),
    schedules: z.array(scheduleWire).max(bounds.app.schedules).default([]),
    auto_update: autoUpdateWire.nullable().default(null),
    as_of: dateTime,
    created_at: dateTime,
    updated_at: dateTime,
  })
  .openapi('App')

export const folderWire = z
  .object({ name: text(bounds.app.name), compose_file: text(bounds.app.name).nullable() })
  .openapi('PreparedFolder')
export const foldersWire = z.array(folderWire).max(bounds.folders)

export const foundProjectWire = z
  .object({
    name: text(bounds.foundProjects.name),
    services: z.array(text(bounds.container.service)).max(bounds.foundProjects.services),
    working_directory: text(bounds.foundProjects.path).nullable(),
    config_files: z.array(text(bounds.foundProjects.path)).max(bounds.foundProjects.files),
    containers: z.array(containerWire).max(bounds.foundProjects.containers),
  })
  .openapi('ComposeProject')
export const foundProjectsWire = z.array(foundProjectWire).max(bounds.foundProjects.projects)

export const composeOnDiskWire = z
  .object({
    file: text(bounds.app.name),
    content: text(bounds.app.composeBytes).nullable(),
    problem: text(bounds.app.statusReason).nullable(),
  })
  .openapi('ComposeOnDisk')

export const fileOnDiskWire = z
  .object({
    path: text(bounds.app.filePath),
    secret: z.boolean(),
    content: text(bounds.app.filesBytes).nullable().openapi({ description: 'Null for a secret file, always' }),
    is_missing: z.boolean(),
    problem: text(bounds.app.statusReason).nullable().openapi({ description: 'Why it cannot be used or shown' }),
  })
  .openapi('FileOnDisk', { description: 'A file that is not on disk as the app has it' })
export const filesOnDiskWire = z.array(fileOnDiskWire).max(bounds.app.files)

export const composeProblemWire = z
  .object({
    message: text(bounds.problem.message),
    file: text(bounds.problem.file).nullable(),
    line: int.nullable(),
    column: int.nullable(),
    service: text(bounds.container.service).nullable(),
  })
  .openapi('ComposeProblem')

export const networkWire = z
  .object({ id: text(bounds.network.id), name: text(bounds.network.name), driver: text(bounds.network.driver) })
  .openapi('Network')

const findingWire = z.object({
  rule: text(bounds.validation.rule),
  detail: text(bounds.validation.findingText).nullable(),
  service: text(bounds.container.service),
  path: text(bounds.validation.path),
  message: text(bounds.problem.message),
  line: int.nullable(),
  allowed: z.boolean(),
  // An earlier version does not say, and the save decides anyway.
  can_be_allowed: z.boolean().default(true),
})

export const validationWire = z
  .object({
    ok: z.boolean(),
    problems: z.array(composeProblemWire).max(bounds.validation.problems),
    warnings: z.array(composeProblemWire).max(bounds.validation.problems),
    findings: z.array(findingWire.openapi('PolicyFinding')).max(bounds.validation.findings),
    variables: z
      .array(
        z
          .object({
            name: text(bounds.validation.variable),
            default: text(bounds.validation.variable).nullable(),
            required: z.boolean(),
            is_set: z.boolean(),
          })
          .openapi('ComposeVariable'),
      )
      .max(bounds.validation.variables),
    resolved: text(bounds.validation.resolved)
      .nullable()
      .openapi({ description: 'The file as Compose reads it, as YAML without secrets. Null when Compose refuses it or was not asked' }),
  })
  .openapi('AppValidation')

export const importPreviewWire = z
  .object({
    folder: text(bounds.foundProjects.path).nullable().openapi({ description: 'Where the app stays. Null: it gets a folder in APPS_DIR' }),
    must_confirm: z.boolean(),
    file: text(bounds.app.filePath),
    compose_content: text(bounds.app.composeBytes),
    problem: text(bounds.app.statusReason).nullable().openapi({ description: "Why the project's own file is not used. Null when it is" }),
    is_drafted: z.boolean(),
    merged_from: z
      .array(text(bounds.foundProjects.path))
      .max(bounds.foundProjects.files)
      .default([])
      .openapi({ description: 'Paths of the Compose files that were made one. Empty unless there are several' }),
    variables: z.array(text(bounds.app.variableName)).max(bounds.app.variables),
    secrets: z.array(text(bounds.app.variableName)).max(bounds.app.variables),
    validation: validationWire,
  })
  .openapi('ImportPreview')

export const operationWire = z
  .object({
    id: z.guid(),
    node_id: z.guid(),
    kind: z.enum(operationKinds),
    status: z.enum(operationStatuses),
    progress: z.int().min(0).max(100),
    message: text(bounds.operation.message).nullable(),
    output: z.array(text(bounds.operation.line)).max(bounds.operation.lines),
    // Older nodes do not send it.
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
          // A newer version may send other words. Read them so that the item is shown as deleted rather than hidden.
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
    // Older nodes do not send it.
    service: text(bounds.container.service).nullable().default(null),
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
    // Older nodes do not send it.
    network: z
      .object({ received_bytes: bytes, sent_bytes: bytes })
      .nullable()
      .default(null)
      .openapi({ description: 'Over its network interfaces since they came up; null if it is not known' }),
    load: z.tuple([z.number(), z.number(), z.number()]).openapi({ type: 'array', items: { type: 'number' }, minItems: 3, maxItems: 3 }),
    uptime_seconds: z.number(),
    docker: z.object({
      available: z.boolean(),
      error: text(bounds.stats.dockerError).nullable(),
      version: text(bounds.stats.dockerVersion).nullable(),
      // Older nodes do not send it.
      compose_version: text(bounds.stats.dockerVersion).nullable().default(null),
      running: int,
      paused: int,
      stopped: int,
      images: int,
    }),
    // Older nodes do not say it.
    storage_problem: z
      .object({ reason: text(bounds.stats.storageReason), since: dateTime })
      .nullable()
      .default(null)
      .openapi({ description: 'Why the node cannot save anything, and since when; null while it can' }),
    // Older nodes do not say it.
    backups: z
      .object({ problem: z.object({ reason: text(bounds.stats.storageReason), since: dateTime }).nullable() })
      .nullable()
      .default(null)
      .openapi({ description: 'Why its last scheduled backup could not be made, and since when; null if it is not known' }),
    // Older nodes do not say it.
    compose_policy: z
      .enum(composePolicies)
      .nullable()
      .default(null)
      .openapi({ description: 'Whether the safety policy for apps is on; null if the node does not say' }),
    containers: z.array(containerStatsWire).max(bounds.stats.containers),
    more_containers: more('runs'),
  })
  .openapi('NodeStats')

export const nodeAboutWire = z.object({
  version: text(bounds.about.version),
  capabilities: z.array(text(bounds.about.capability)).max(bounds.about.capabilities),
  // Reads a word of a newer version as the default.
  connection: z.enum(connectionModes).catch('auto'),
  instance_id: z.guid(),
  started_at: z.coerce.date(),
  hostname: text(bounds.about.hostname),
  // Older nodes do not say it. People run it as a command, so it is one plain word.
  program: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,63}$/)
    .nullable()
    .catch(null),
})

/** Reads a hop that only a newer version knows as `http`. */
const joinHop = text(50)
  .transform((word) => joinHops.find((hop) => hop === word) ?? 'http')
  .openapi({ type: 'string', enum: [...joinHops] })

export const joinWire = z
  .object({
    token: z.string().max(500).optional().openapi({ description: 'Can be sent in `Authorization: Bearer` instead' }),
    id: z.string().max(100).openapi({ description: "The node's UUID" }),
    name: text(500).openapi({ description: "The node's own name for itself: NODE_NAME, or its host name" }),
    api_endpoint: z.string().max(3000),
    api_key: z.string().max(1000).openapi({ description: "The node's own key" }),
    time: dateTime.optional().openapi({ description: "The node's current time" }),
    about: z.unknown().optional().openapi({ type: 'object', description: 'The program data that its heartbeats also carry' }),
    earlier: z
      .array(z.object({ at: dateTime, hop: joinHop, message: text(bounds.join.failure) }))
      .max(bounds.join.earlier)
      .optional()
      .openapi({ description: 'Where and why earlier attempts failed' }),
  })
  .openapi('Join')

export const joinedWire = z
  .object({
    node: z.object({ id: z.string().max(100), name: text(bounds.nodeName) }),
    primary: z.object({ id: z.string().max(100), name: text(bounds.nodeName), version: text(bounds.about.version) }),
    notes: z.array(text(bounds.join.note)).max(bounds.join.notes).openapi({ description: 'Notes for people about how the node joined' }),
  })
  .openapi('Joined')

/** Converts a domain object for the wire. Dates become ISO 8601 in JSON. Copies first because GraphQL inputs have no prototype. */
export const toWire = <T extends object>(value: T) =>
  snakecaseKeys({ ...(value as Record<string, unknown>) }, { deep: true }) as unknown as SnakeCasedPropertiesDeep<T>

export const fromWire = <T extends object>(value: T) =>
  camelcaseKeys(value as Record<string, unknown>, { deep: true }) as CamelCasedPropertiesDeep<T>

/** Reads as much as possible of one item from another node. */
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
export const readFoundProjects = (value: unknown): Lenient<FoundProject[]> => {
  const { value: read, problems } = readLeniently(foundProjectsWire, value)
  return { value: read?.map(fromWire) ?? null, problems }
}
export const readAppFiles = (value: unknown): Lenient<AppFile[]> => readLeniently(appFilesWire, value)
export const readFilesOnDisk = (value: unknown): Lenient<FileOnDisk[]> => {
  const { value: read, problems } = readLeniently(filesOnDiskWire, value)
  return { value: read?.map(fromWire) ?? null, problems }
}
export const readVersions = reader(versionsWire, (page): VersionPage => page)
export const readVersion = reader(versionWire, (version): AppVersionHead => version)
export const readNodeAbout = reader(nodeAboutWire, (about): NodeAbout => about)
export const readNetwork = reader(networkWire, (network): EngineNetwork => network)
export const readImportPreview = reader(importPreviewWire, (preview): ImportPreview => preview)
export const readValidation = reader(validationWire, (validation): AppValidation => validation)
export const readRemovalPreview = reader(removalPreviewWire, (preview): RemovalPreview => preview)

/** If the status is a word of a newer version, the reason names that word. */
export function readApp(value: unknown): Lenient<App> {
  const word = wordOf(value, 'status')
  const { value: app, problems } = readAppWire(value)
  if (app?.status !== 'unknown' || word === null || word === 'unknown' || app.statusReason !== null) return { value: app, problems }
  return { value: { ...app, statusReason: saysNewWord(word) }, problems }
}

/** If the status is a word of a newer version, the nearest known status is used. */
export function readOperation(value: unknown): Lenient<Operation> {
  const word = wordOf(value, 'status')
  if (!hasOwn(value, 'status') || word === null || operationStatuses.some((status) => status === word)) return readOperationWire(value)
  value.status = nearestStatus(Boolean(value.started_at), Boolean(value.finished_at))
  if (value.status === 'interrupted') value.error ??= saysNewWord(word)
  return readOperationWire(value)
}

const saysNewWord = (word: string): string => `its node reports "${word}", a status that this version does not know`

const hasOwn = (value: unknown, key: string): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)

const wordOf = (value: unknown, key: string): string | null => {
  const word = hasOwn(value, key) ? value[key] : null
  return typeof word === 'string' ? cut(word, 50) : null
}
