import { z } from '@hono/zod-openapi'
import { bounds, earliest, latest, maxInt } from './bounds.ts'
import {
  thingKinds,
  type ContainerDetails,
  type ContainerProcesses,
  type DiskUsage,
  type PruneResult,
  type Thing,
  type ThingKind,
  type ThingOf,
} from './engine/thing.ts'
import { readLeniently, type Lenient } from './lenient.ts'
import { containerWire, fromWire } from './wire.ts'

/** How what an Engine holds looks as JSON, in REST and between nodes; see wire.ts. */

const { thing: most, inside, container: ofContainer } = bounds
const text = (length: number) => z.string().max(length)
const date = z
  .union([z.string().max(50), z.date()])
  .pipe(z.coerce.date<string | Date>().min(earliest).max(latest))
  .openapi({ type: 'string', format: 'date-time' })
const bytes = z.number().nonnegative()
const count = z.int().nonnegative().max(maxInt)
const id = text(most.name)
const project = id.nullable().openapi({ description: 'The Compose project that made it' })
const appId = z.guid().nullable().openapi({ description: 'The app that it belongs to' })
const label = z.object({ name: text(most.labelName), value: text(bounds.inside.text) })

export const nodeContainerWire = containerWire
  .extend({
    image_id: id,
    project,
    app_id: appId,
    networks: z.array(id).max(most.networks),
    volumes: z.array(id).max(most.volumes),
    exit_reason: text(most.exitReason).nullable().openapi({ description: 'How it ended last, in words' }),
    is_self: z.boolean().openapi({ description: 'Selfhostly itself runs in it' }),
  })
  .openapi('NodeContainer')

export const imageWire = z
  .object({
    id,
    tags: z.array(text(ofContainer.image)).max(most.tags),
    digests: z.array(text(ofContainer.image)).max(most.digests),
    held_for: z.array(id).max(most.heldFor).openapi({ description: 'For whose rollback it is held' }),
    size_bytes: bytes,
    created_at: date,
  })
  .openapi('Image')

export const volumeWire = z
  .object({
    id: id.openapi({ description: 'Its name' }),
    driver: text(bounds.network.driver),
    labels: z.array(label).max(most.labels),
    is_anonymous: z.boolean(),
    project,
    app_id: appId,
    created_at: date.nullable(),
  })
  .openapi('Volume')

export const nodeNetworkWire = z
  .object({
    id,
    name: id,
    driver: text(bounds.network.driver),
    subnets: z.array(text(100)).max(most.subnets),
    is_internal: z.boolean(),
    is_built_in: z.boolean(),
    project,
    app_id: appId,
    created_at: date,
  })
  .openapi('NodeNetwork')

export const thingWires = { container: nodeContainerWire, image: imageWire, volume: volumeWire, network: nodeNetworkWire } as const

export const kindWire = z.enum(thingKinds)

/** Reads as much as possible of one thing from another node. */
export function readThing<Kind extends ThingKind>(kind: Kind, value: unknown): Lenient<ThingOf[Kind]> {
  const schema: z.ZodType<object> = thingWires[kind]
  const { value: read, problems } = readLeniently(schema, value)
  // The schema of a kind makes that kind.
  return { value: read && (fromWire(read) as Thing as ThingOf[Kind]), problems }
}

export const containerDetailsWire = z
  .object({
    command: text(inside.text).nullable(),
    mounts: z
      .array(z.object({ kind: text(50), source: text(inside.text), target: text(inside.text), is_read_only: z.boolean() }))
      .max(inside.mounts),
    networks: z
      .array(z.object({ name: id, address: text(inside.address).nullable(), aliases: z.array(id).max(inside.aliases) }))
      .max(inside.networks),
    environment: z.array(text(inside.text)).max(inside.environment).openapi({ description: 'Names only' }),
    labels: z.array(label).max(inside.labels),
    restart_policy: text(100).nullable(),
    memory_limit_bytes: bytes.nullable(),
    health: z
      .object({
        failing_streak: count,
        last_output: text(inside.output).nullable(),
        last_exit_code: z.int().min(-maxInt).max(maxInt).nullable(),
        last_at: date.nullable(),
      })
      .nullable(),
  })
  .openapi('ContainerDetails')

export const processesWire = z
  .object({
    titles: z.array(text(inside.cell)).max(inside.columns),
    rows: z.array(z.array(text(inside.cell)).max(inside.columns)).max(inside.processes),
    more: count,
  })
  .openapi('ContainerProcesses')

export const inspectionWire = z.object({ json: text(inside.inspectBytes) }).openapi('ContainerInspection')

export const diskUsageWire = z
  .object({
    as_of: date,
    images_bytes: bytes,
    containers_bytes: bytes,
    volumes_bytes: bytes,
    build_cache_bytes: bytes,
    volumes: z.array(z.object({ name: id, size_bytes: bytes })).max(most.volume),
    containers: z.array(z.object({ id, size_bytes: bytes })).max(most.container),
  })
  .openapi('DiskUsage')

export const pruneWire = z
  .object({
    is_preview: z.boolean(),
    items: z
      .array(
        z.object({
          id,
          name: text(ofContainer.image),
          size_bytes: bytes.nullable(),
          frees_bytes: bytes.nullable().default(null),
          detail: text(bounds.prune.text).nullable(),
          is_named_data: z.boolean(),
        }),
      )
      .max(bounds.prune.items),
    more: count,
    freed_bytes: bytes,
    unmeasured: count.default(0),
    kept: z.array(z.object({ name: text(ofContainer.image), reason: text(bounds.prune.text) })).max(bounds.prune.kept),
  })
  .openapi('PruneResult')

const reader =
  <Wire extends object, T>(schema: z.ZodType<Wire>, then: (read: ReturnType<typeof fromWire<Wire>>) => T) =>
  (value: unknown): Lenient<T> => {
    const { value: read, problems } = readLeniently(schema, value)
    return { value: read && then(fromWire(read)), problems }
  }

export const readContainerDetails = reader(containerDetailsWire, (details): ContainerDetails => details)
export const readProcesses = reader(processesWire, (processes): ContainerProcesses => processes)
export const readInspection = reader(inspectionWire, (inspection): { json: string } => inspection)
export const readDiskUsage = reader(diskUsageWire, (usage): DiskUsage => usage)
export const readPruneResult = reader(pruneWire, (result): PruneResult => result)
