import { setImmediate as nextTurn } from 'node:timers/promises'
import { createBatches } from '../../batches.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { AlarmEntity } from './alarm.entity.ts'
import { isAlarmKind, keyOf, type Alarm, type AlarmTopic, type Verdict } from './alarm.ts'

/** An alarm with what its messages need after its node or app is gone. */
export interface OpenAlarm extends Alarm {
  part: string
  nodeName: string | null
  appName: string | null
}

/** An alarm begins or ends. */
export interface AlarmChange {
  alarm: OpenAlarm
  at: Date
  /** Why it ended. Null: it begins. */
  over: string | null
}

interface Named {
  nodeName: string | null
  appName: string | null
}

/** While nothing can be saved, the oldest changes beyond this are dropped. */
const mostPending = 20_000
/** Changes in one transaction. More hold up everything else that this program does, fewer make ten thousand alarms slow. */
const perTransaction = 100

export type OpenAlarms = ReturnType<typeof createOpenAlarms>

/** The open alarms, one for each topic. Each beginning and end is saved once, together with what follows from it. */
export function createOpenAlarms(deps: {
  em: EntityManager
  clock: Clock
  log: Log
  /** Saves what follows from changes, in the same transaction. */
  onSave: (within: EntityManager, changes: AlarmChange[]) => Promise<void>
  onSaved: () => void
  /** The set of alarms, or a message, has changed. */
  onChange: () => void
}) {
  const { em, clock, log } = deps
  const open = new Map<string, OpenAlarm>()
  let pending: AlarmChange[] = []
  let isTold = false

  const saveSome = createBatches<AlarmChange[]>({
    take() {
      const batch = pending.splice(0, perTransaction)
      return batch.length > 0 ? batch : null
    },
    async write(batch) {
      await em.fork().transactional(async (within) => {
        for (const { alarm, over } of batch) {
          if (over === null) await within.upsert(AlarmEntity, { ...alarm })
          else await within.nativeDelete(AlarmEntity, { id: alarm.id })
        }
        await deps.onSave(within, batch)
      })
      deps.onSaved()
    },
    giveBack: (batch) => void (pending = [...batch, ...pending].slice(-mostPending)),
  })

  async function flush(): Promise<void> {
    for (;;) {
      await saveSome()
      if (pending.length === 0) return
      await nextTurn()
    }
  }

  /** Many alarms often begin together. They are saved, and told, together. */
  function changed(change?: AlarmChange): void {
    if (change) pending.push(change)
    if (isTold) return
    isTold = true
    queueMicrotask(() => {
      isTold = false
      deps.onChange()
      // What cannot be saved now is saved with the next flush.
      flush().catch((error: unknown) => log.warn({ error: errorMessage(error) }, 'could not save a change of the alarms yet'))
    })
  }

  function raise(topic: AlarmTopic, { since, message }: { since: Date; message: string }, named: Named): void {
    const key = keyOf(topic)
    const known = open.get(key)
    if (known) {
      if (known.message === message) return
      open.set(key, { ...known, message })
      return changed()
    }
    const id = [topic.kind, topic.appId ?? topic.nodeId ?? '', topic.part, clock.now().getTime()].filter((part) => part !== '').join(' ')
    const alarm = { id, ...topic, ...named, message, since }
    open.set(key, alarm)
    changed({ alarm, at: clock.now(), over: null })
  }

  function end(key: string, why: string): void {
    const alarm = open.get(key)
    if (!alarm) return
    open.delete(key)
    changed({ alarm, at: clock.now(), over: why })
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(AlarmEntity, {}, { disableIdentityMap: true }))
        if (isAlarmKind(row.kind)) open.set(keyOf(row), { ...row })
        else changed({ alarm: { ...row }, at: clock.now(), over: 'This version of Selfhostly has no such alarm' })
    },

    /** Does what a rule says. @param why what ended it, if it is over */
    settle(topic: AlarmTopic, verdict: Verdict, named: Named, why: string): void {
      if (verdict.is === 'bad') raise(topic, verdict, named)
      if (verdict.is === 'well') end(keyOf(topic), why)
    },

    /** Ends every alarm that matches. */
    endWhere(matches: (alarm: OpenAlarm) => boolean, why: string): void {
      for (const [key, alarm] of [...open]) if (matches(alarm)) end(key, why)
    },

    isOpen: (topic: AlarmTopic): boolean => open.has(keyOf(topic)),

    /** The oldest first. */
    list: (): OpenAlarm[] => [...open.values()].sort((a, b) => a.since.getTime() - b.since.getTime() || a.id.localeCompare(b.id)),

    flush,
  }
}
