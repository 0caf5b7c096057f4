import { randomUUID } from 'node:crypto'
import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import { errorMessage, invalidInput, type FieldError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { AppScheduleEntity, type AppScheduleRow } from './app-schedule.entity.ts'
import { cronProblem, nextTimes, timeZoneProblem } from './cron-times.ts'
import { scheduleActions, type AppSchedule, type ScheduleAction } from './schedule.ts'

export interface AppScheduleInput {
  action: ScheduleAction
  cron: string
  timeZone: string
  enabled?: boolean | null | undefined
}

/** Does it to an app, as an operation. */
type Act = (appId: string, action: Exclude<ScheduleAction, 'unknown'>) => Promise<unknown>

/** A run that was missed by more than this, because the node was off or asleep, is not made up for. */
const madeUpMs = 5 * 60_000
/** Shown to people before they save, and on the app's page. */
const shownRuns = 5

export type AppSchedules = ReturnType<typeof createAppSchedules>

/** When this node's apps are started, stopped and restarted by themselves. */
export function createAppSchedules(deps: { em: EntityManager; clock: Clock; log: Log; onChange: (appId: string) => void }) {
  const { em, clock, log } = deps
  const rows = new Map<string, AppScheduleRow[]>()
  /** Times are computed once, until the first of them has passed. */
  const times = new Map<string, Date[]>()

  function timesOf(row: AppScheduleRow): Date[] {
    const known = times.get(row.id)
    const now = clock.now()
    if (known?.[0] && known[0] > now) return known
    const next = nextTimes(row.cron, row.timeZone, now, shownRuns)
    times.set(row.id, next)
    return next
  }

  /** The last time that has come and is not done with; null if there is none, or only one that is too long ago. */
  function dueAt(row: AppScheduleRow, now: Date): Date | null {
    const from = new Date(Math.max(row.doneUntil.getTime(), now.getTime() - madeUpMs))
    const [next] = nextTimes(row.cron, row.timeZone, from, 1)
    return next && next <= now ? next : null
  }

  async function runIfDue(row: AppScheduleRow, act: Act): Promise<void> {
    const now = clock.now()
    if (!row.enabled || row.action === 'unknown' || dueAt(row, now) === null) return
    // Saved first: killed in between, the node misses one run rather than repeating it.
    await em.fork().nativeUpdate(AppScheduleEntity, { id: row.id }, { doneUntil: now })
    row.doneUntil = now
    try {
      await act(row.appId, row.action)
    } catch (error) {
      log.warn({ app: row.appId, action: row.action, error: errorMessage(error) }, 'a schedule could not start what it is for')
    }
    deps.onChange(row.appId)
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(AppScheduleEntity, {}, { orderBy: { position: 'asc' } }))
        rows.set(row.appId, [...(rows.get(row.appId) ?? []), { ...row }])
    },

    of: (appId: string): AppSchedule[] =>
      (rows.get(appId) ?? []).map((row) => {
        const { id, action, cron, timeZone, enabled } = row
        return { id, action, cron, timeZone, enabled, nextRuns: enabled ? timesOf(row) : [] }
      }),

    /** Replaces an app's schedules. @throws INVALID_INPUT, naming each wrong field */
    async set(appId: string, schedules: AppScheduleInput[]): Promise<void> {
      const now = clock.now()
      const problems = problemsOf(schedules, now)
      if (problems.length > 0) throw invalidInput(problems)
      const made = schedules.map(({ action, cron, timeZone, enabled }, position) => {
        const text = cron.trim().split(/\s+/).join(' ')
        return { id: randomUUID(), appId, position, action, cron: text, timeZone, enabled: enabled ?? true, doneUntil: now }
      })
      await em.fork().transactional(async (transaction) => {
        await transaction.nativeDelete(AppScheduleEntity, { appId })
        if (made.length > 0) await transaction.insertMany(AppScheduleEntity, made)
      })
      for (const { id } of rows.get(appId) ?? []) times.delete(id)
      rows.set(appId, made)
      deps.onChange(appId)
    },

    /** The app is gone, and its rows with it. */
    forget(appId: string): void {
      for (const { id } of rows.get(appId) ?? []) times.delete(id)
      rows.delete(appId)
    },

    /** Has `act` do what has become due. Called every few seconds. */
    async tick(act: Act): Promise<void> {
      for (const row of [...rows.values()].flat()) await runIfDue(row, act)
    },
  }
}

function problemsOf(schedules: AppScheduleInput[], now: Date): FieldError[] {
  const most = bounds.app.schedules
  if (schedules.length > most) return [{ field: 'schedules', message: `has ${schedules.length} entries. The maximum is ${most}` }]
  return schedules.flatMap(({ action, cron, timeZone }, index) => {
    const at = (field: string, message: string | null) => (message === null ? [] : [{ field: `schedules[${index}].${field}`, message }])
    const isKnown = action !== 'unknown' && scheduleActions.includes(action)
    return [
      ...at('action', isKnown ? null : 'must be start, stop or restart'),
      ...at('cron', cron.length > bounds.cron ? `must have at most ${bounds.cron} characters` : cronProblem(cron, now)),
      ...at('timeZone', timeZone.length > bounds.timeZone ? `must have at most ${bounds.timeZone} characters` : timeZoneProblem(timeZone)),
    ]
  })
}
