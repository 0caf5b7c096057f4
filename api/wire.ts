import { z } from '@hono/zod-openapi'
import camelcaseKeys from 'camelcase-keys'
import snakecaseKeys from 'snakecase-keys'
import type { CamelCasedPropertiesDeep, SnakeCasedPropertiesDeep } from 'type-fest'
import { appDesiredStates, appStatuses, containerHealths, containerStates, type App } from './apps/app.ts'
import { operationKinds, operationStatuses, type Operation } from './apps/operation.ts'
import type { NodeStats } from './monitoring/node-stats.ts'
import { connectionModes, type NodeAbout } from './nodes/about.ts'
import { joinHops } from './nodes/join-hops.ts'

/**
 * How apps, operations and stats look as JSON (snake_case, ISO 8601), over REST and between nodes. What another node
 * sends is parsed by these schemas before anything believes it: sizes are bounded, unknown keys are dropped.
 */

const dateTime = z.coerce.date().openapi({ type: 'string', format: 'date-time' })
const bytes = z.number().nonnegative()

export const containerWire = z
  .object({
    id: z.string().max(100),
    name: z.string().max(500),
    service: z.string().max(500),
    image: z.string().max(500),
    state: z.enum(containerStates),
    health: z.enum(containerHealths).nullable(),
    status_text: z.string().max(500),
    exit_code: z.int().nullable(),
    ports: z
      .array(
        z.object({ host_ip: z.string().max(100).nullable(), host_port: z.int(), container_port: z.int(), protocol: z.string().max(20) }),
      )
      .max(1000),
    created_at: dateTime,
  })
  .openapi('Container')

export const appWire = z
  .object({
    id: z.guid(),
    node_id: z.guid(),
    name: z.string().max(100),
    description: z.string().max(10_000).nullable(),
    compose_content: z.string().max(300_000),
    // A node of an older version does not count them.
    version: z.int().min(1).default(1),
    desired_state: z.enum(appDesiredStates),
    status: z.enum(appStatuses),
    status_reason: z.string().max(10_000).nullable(),
    containers: z.array(containerWire).max(500),
    as_of: dateTime,
    created_at: dateTime,
    updated_at: dateTime,
  })
  .openapi('App')

export const operationWire = z
  .object({
    id: z.guid(),
    node_id: z.guid(),
    kind: z.enum(operationKinds),
    status: z.enum(operationStatuses),
    progress: z.int().min(0).max(100),
    message: z.string().max(10_000).nullable(),
    output: z.array(z.string().max(10_000)).max(1000),
    error: z.string().max(100_000).nullable(),
    app_id: z.guid().nullable(),
    app_name: z.string().max(100).nullable(),
    created_at: dateTime,
    started_at: dateTime.nullable(),
    finished_at: dateTime.nullable(),
  })
  .openapi('Operation')

export const containerStatsWire = z
  .object({
    id: z.string().max(100),
    name: z.string().max(500),
    app_name: z.string().max(500).nullable(),
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
    cpu: z.object({ usage_percent: z.number(), cores: z.int() }),
    memory: z.object({
      total_bytes: bytes,
      used_bytes: bytes,
      available_bytes: bytes,
      swap_total_bytes: bytes,
      swap_used_bytes: bytes,
    }),
    disks: z
      .array(z.object({ mount: z.string().max(1000), filesystem: z.string().max(1000), total_bytes: bytes, used_bytes: bytes }))
      .max(200),
    load: z.tuple([z.number(), z.number(), z.number()]).openapi({ type: 'array', items: { type: 'number' }, minItems: 3, maxItems: 3 }),
    uptime_seconds: z.number(),
    docker: z.object({
      available: z.boolean(),
      error: z.string().max(2000).nullable(),
      version: z.string().max(100).nullable(),
      running: z.int(),
      paused: z.int(),
      stopped: z.int(),
      images: z.int(),
    }),
    containers: z.array(containerStatsWire).max(2000),
  })
  .openapi('NodeStats')

export const nodeAboutWire = z.object({
  version: z.string().max(50),
  capabilities: z.array(z.string().max(50)).max(100),
  // A word of a newer version means no more than the default.
  connection: z.enum(connectionModes).catch('auto'),
  instance_id: z.guid(),
  started_at: z.coerce.date(),
  hostname: z.string().max(255),
})

export const joinWire = z
  .object({
    token: z.string().max(500).optional().openapi({ description: 'Or in `Authorization: Bearer`' }),
    id: z.string().max(100).openapi({ description: 'UUID of the node' }),
    name: z.string().max(500).openapi({ description: 'What the node calls itself: NODE_NAME, or its host name' }),
    api_endpoint: z.string().max(3000),
    api_key: z.string().max(1000).openapi({ description: "The node's own key" }),
    time: dateTime.optional().openapi({ description: 'The clock of the node' }),
    about: z.unknown().optional().openapi({ type: 'object', description: 'What its heartbeats say of its program' }),
    earlier: z
      .array(z.object({ at: dateTime, hop: z.enum(joinHops), message: z.string().max(1000) }))
      .max(10)
      .optional()
      .openapi({ description: 'How earlier attempts failed on their way' }),
  })
  .openapi('Join')

export const joinedWire = z
  .object({
    node: z.object({ id: z.string().max(100), name: z.string().max(200) }),
    primary: z.object({ id: z.string().max(100), name: z.string().max(200), version: z.string().max(50) }),
    notes: z.array(z.string().max(1000)).max(10).openapi({ description: 'What a person should know of how it joined' }),
  })
  .openapi('Joined')

/** Any domain object as it goes over the wire. Dates become ISO 8601 when it is written as JSON. */
export const toWire = <T extends object>(value: T) =>
  snakecaseKeys(value as Record<string, unknown>, { deep: true }) as unknown as SnakeCasedPropertiesDeep<T>

const fromWire = <T extends object>(value: T) =>
  camelcaseKeys(value as Record<string, unknown>, { deep: true }) as CamelCasedPropertiesDeep<T>

export const parseApp = (value: unknown): App => fromWire(appWire.parse(value))
export const parseOperation = (value: unknown): Operation => fromWire(operationWire.parse(value))
export const parseNodeStats = (value: unknown): NodeStats => fromWire(nodeStatsWire.parse(value))
export const parseNodeAbout = (value: unknown): NodeAbout => fromWire(nodeAboutWire.parse(value))
