import { setImmediate as nextTurn } from 'node:timers/promises'
import { createBatches } from '../../batches.ts'
import { bounds, cut, cutOrNull } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { Mark } from '../history/mark.ts'
import { timelinePage, type TimelineEntry, type TimelineKind } from './timeline-entry.ts'
import { TimelineEntity } from './timeline.entity.ts'

/** What a source says. */
export interface Happening {
  kind: TimelineKind
  what: string
  at?: Date
  until?: Date | null
  app?: string | null
  name?: string | null
  detail?: string | null
}

/** So many of the same within this time each have an entry. Those that follow count in the last one: a crash loop is a few lines. */
const apart = 3
const mergeMs = 15 * 60_000
/** About 2 MB: the last weeks of a busy node. */
const kept = 10_000
const keptMs = 30 * 24 * 3600_000
const perTurn = 500
const mostPending = 1000

type Stored = Omit<TimelineEntry, 'app' | 'name'> & { id: number | null; app: string; name: string }

export interface TimelineAsked {
  /** Null: the whole node. */
  app: string | null
  from: Date
  to: Date
  first: number
}

export type OwnTimeline = ReturnType<typeof createTimeline>

/** What happened on this node and to its apps, so that someone can see what was at three o'clock. */
export function createTimeline(deps: {
  em: EntityManager
  /** The deploys of an app, or of all, in these times. */
  deploys: (app: string | null, from: Date, to: Date) => Promise<Mark[]>
  clock: Clock
}) {
  const { em, clock } = deps
  /** The last entries of each thing, which the next one may join. */
  const recent = new Map<string, Stored[]>()
  let pending = new Set<Stored>()

  const flush = createBatches<Set<Stored>>({
    take() {
      const batch = pending
      pending = new Set()
      return batch.size > 0 ? batch : null
    },
    async write(batch) {
      const added: Stored[] = []
      try {
        await em.fork().transactional(async (within) => {
          for (const entry of batch) {
            const { id, ...columns } = entry
            if (id !== null) await within.nativeUpdate(TimelineEntity, { id }, { until: entry.until, times: entry.times })
            else {
              entry.id = Number(await within.insert(TimelineEntity, columns))
              added.push(entry)
            }
          }
        })
      } catch (error) {
        // What the transaction took back has no row.
        for (const entry of added) entry.id = null
        throw error
      }
    },
    giveBack: (batch) => void (pending = new Set([...batch, ...pending].slice(-mostPending))),
  })

  function happened({ kind, what, at = clock.now(), until = null, app = null, name = null, detail = null }: Happening): void {
    const { timeline: most } = bounds
    const entry: Stored = {
      ...{ id: null, kind, at, until, times: 1, app: app ?? '' },
      ...{ what: cut(what, most.what), name: cut(name ?? '', most.name), detail: cutOrNull(detail, most.detail) },
    }
    const key = JSON.stringify([kind, entry.what, entry.app, entry.name, entry.detail])
    const known = recent.get(key) ?? []
    const last = known.at(-1)
    const former = last && at.getTime() - (last.until ?? last.at).getTime() <= mergeMs ? known : []
    const joins = last !== undefined && former.length >= apart
    if (joins) Object.assign(last, { until: until ?? at, times: last.times + 1 })
    // Oldest first, so that what is forgotten here can no longer be joined.
    recent.delete(key)
    recent.set(key, joins ? former : [...former, entry])
    if (recent.size > mostPending) recent.delete(recent.keys().next().value ?? '')
    pending.add(joins ? last : entry)
    if (pending.size > mostPending) pending.delete(pending.values().next().value ?? entry)
  }

  return {
    happened,
    flush,

    /** The newest first. */
    async read({ app, from, to, first }: TimelineAsked): Promise<{ entries: TimelineEntry[]; more: boolean }> {
      // What cannot be written is missing for now.
      await flush().catch(() => undefined)
      // What began before and lasted into these times is of them too.
      const where = { ...(app !== null && { app }), at: { $lt: to }, $or: [{ at: { $gte: from } }, { until: { $gt: from } }] }
      const options = { orderBy: [{ at: 'desc' as const }, { id: 'desc' as const }], limit: first + 1, disableIdentityMap: true }
      const [rows, deploys] = await Promise.all([em.fork().find(TimelineEntity, where, options), deps.deploys(app, from, to)])
      const entries = [...rows.map(entryOf), ...deploys.map(deployOf)].sort((a, b) => b.at.getTime() - a.at.getTime())
      return timelinePage(entries, first)
    },

    /** Deletes what is old, or beyond the limit, a small batch at a time. */
    async prune(): Promise<void> {
      const old = new Date(clock.now().getTime() - keptMs)
      for (;;) {
        const within = em.fork()
        const options = { orderBy: { id: 'desc' as const }, offset: kept, limit: perTurn, fields: ['id' as const] }
        const beyond = await within.find(TimelineEntity, {}, options)
        const aged = await within.find(TimelineEntity, { at: { $lt: old } }, { limit: perTurn, fields: ['id'] })
        const ids = [...beyond, ...aged].map(({ id }) => id)
        if (ids.length === 0) return
        await within.nativeDelete(TimelineEntity, { id: { $in: ids } })
        await nextTurn()
      }
    },
  }
}

const orNull = (text: string): string | null => (text === '' ? null : text)

const entryOf = ({ kind, what, at, until, app, name, detail, times }: Omit<Stored, 'id'>): TimelineEntry => ({
  ...{ kind, what, at, until, detail, times },
  app: orNull(app),
  name: orNull(name),
})

const deployOf = ({ at, app, version, detail }: Mark): TimelineEntry => ({
  ...{ kind: 'deploy', what: detail ?? 'unknown', at, until: null, app, name: null, times: 1 },
  detail: version === null ? null : `version ${version}`,
})
