import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { invalidInput, notFound } from '../errors.ts'
import { addressOf, type Channel, type ChannelInput, type ChannelKind, type Target } from './channel.ts'
import { channelBounds, targetOf } from './channel-input.ts'
import { ChannelEntity, channelTargets, type ChannelRow } from './notification.entity.ts'

export type Channels = ReturnType<typeof createChannels>

/** The channels, in memory as well, because every alarm asks for them. Secrets go in and never out. */
export function createChannels(deps: {
  em: EntityManager
  clock: Clock
  seal: (value: string, context: string) => string
  open: (sealed: string, context: string) => string
  waitingOf: (channelId: string) => number
}) {
  const { em, clock } = deps
  const { contextOf } = channelTargets
  const rows = new Map<string, ChannelRow>()

  function rowOf(id: string): ChannelRow {
    const row = rows.get(id)
    if (!row) throw notFound('notification channel', id)
    return row
  }

  /** For sending only. */
  const targetOfRow = ({ id, target }: ChannelRow): Target => JSON.parse(deps.open(target, contextOf(id))) as Target

  function shown(row: ChannelRow): Channel {
    const { id, name, kind, minSeverity, labels, createdAt, updatedAt } = row
    const target = targetOfRow(row)
    return {
      ...{ id, name, kind, minSeverity, labels, createdAt, updatedAt },
      address: addressOf(target),
      email: target.kind === 'email' ? emailOf(target) : null,
      hasSecret: 'secret' in target && target.secret !== null,
      waiting: deps.waitingOf(id),
    }
  }

  async function save(row: ChannelRow): Promise<Channel> {
    await em.fork().upsert(ChannelEntity, { ...row })
    rows.set(row.id, row)
    return shown(row)
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(ChannelEntity, {}, { disableIdentityMap: true })) rows.set(row.id, { ...row })
    },

    /** By name. */
    list: (): Channel[] => [...rows.values()].map(shown).sort((a, b) => a.name.localeCompare(b.name, 'en')),
    nameOf: (id: string): string | null => rows.get(id)?.name ?? null,
    /** What decides which alarms a channel gets. */
    all: (): Pick<ChannelRow, 'id' | 'minSeverity' | 'labels'>[] => [...rows.values()],
    /** @throws NOT_FOUND */
    target: (id: string): Target => targetOfRow(rowOf(id)),

    /** @throws INVALID_INPUT */
    async create(kind: ChannelKind, input: ChannelInput): Promise<Channel> {
      if (rows.size >= channelBounds.channels)
        throw invalidInput([{ field: 'name', message: `There are ${channelBounds.channels} channels, which is the maximum` }])
      if (!input.name?.trim()) throw invalidInput([{ field: 'name', message: 'is missing' }])
      const target = targetOf(kind, input, null)
      const id = randomUUID()
      const now = clock.now()
      return save({
        ...{ id, kind, name: input.name.trim(), minSeverity: input.minSeverity ?? 'warning', labels: input.labels ?? [] },
        ...{ target: deps.seal(JSON.stringify(target), contextOf(id)), createdAt: now, updatedAt: now },
      })
    },

    /** @throws NOT_FOUND, INVALID_INPUT */
    async update(id: string, input: ChannelInput): Promise<Channel> {
      const row = rowOf(id)
      const target = targetOf(row.kind, input, targetOfRow(row))
      return save({
        ...row,
        name: input.name?.trim() ?? row.name,
        minSeverity: input.minSeverity ?? row.minSeverity,
        labels: input.labels ?? row.labels,
        target: deps.seal(JSON.stringify(target), contextOf(id)),
        updatedAt: clock.now(),
      })
    },

    /** Removes it with its log and what waits. @throws NOT_FOUND */
    async remove(id: string): Promise<void> {
      rowOf(id)
      await em.fork().nativeDelete(ChannelEntity, { id })
      rows.delete(id)
    },
  }
}

const emailOf = ({ host, port, security, username, from, to }: Extract<Target, { kind: 'email' }>) => ({
  ...{ host, port, security, username, from, to },
})
