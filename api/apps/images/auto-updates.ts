import { hash } from 'node:crypto'
import { bounds, cut } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import { errorMessage, invalidInput, type FieldError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { cronProblem, nextTimes, timeZoneProblem } from '../schedules/cron-times.ts'
import { AutoUpdateEntity, type AutoUpdateRow } from './auto-update.entity.ts'
import type { AutoUpdate, AutoUpdateInput } from './auto-update.ts'
import type { ImageSet, KnownImage } from './chosen-updates.ts'
import { heldUpdate } from './held-update.ts'
import type { UpdatingAlone } from './updating-alone.ts'

const minuteMs = 60_000
const hourMs = 3_600_000
/** Shown to people before they save, and on the app's page. */
const shownRuns = 5
/** Apps with the same time start within this time of each other: a quarter of the window, so that most of it is left. */
const longestSpreadMs = 30 * minuteMs
/** Within a window, for an app that was busy or whose registry did not answer. */
const againMs = 5 * minuteMs
/** Enough that a publisher's broken releases of years are remembered. */
const mostFailed = 50

/** What decides what is held back. */
export interface Looked {
  shouldRun: boolean
  dockerAwaySince: Date | null
  images: () => KnownImage[]
}

/** Updates one app. */
interface Acting {
  failed: UpdatingAlone['failed']
  attempt: (appId: string, rule: { minimumAgeMs: number; failed: ImageSet[] }) => ReturnType<UpdatingAlone['attempt']>
}

export type AutoUpdates = ReturnType<typeof createAutoUpdates>

/** When this node's apps get newer images by themselves. */
export function createAutoUpdates(deps: { em: EntityManager; clock: Clock; log: Log; onChange: (appId: string) => void }) {
  const { em, clock, log } = deps
  const rows = new Map<string, AutoUpdateRow>()
  const retryAt = new Map<string, number>()
  const times = new Map<string, Date[]>()
  let toldAt = 0

  function timesOf({ appId, cron, timeZone }: AutoUpdateRow): Date[] {
    const now = clock.now()
    const known = times.get(appId)
    if (known?.[0] && known[0] > now) return known
    const next = nextTimes(cron, timeZone, now, shownRuns)
    times.set(appId, next)
    return next
  }

  /** Whether a window is open that is not done with, and this app's turn in it has come. */
  function isDue(row: AutoUpdateRow, now: Date): boolean {
    const windowMs = row.windowMinutes * minuteMs
    const from = new Date(Math.max(row.doneUntil.getTime(), now.getTime() - windowMs))
    const [opens] = nextTimes(row.cron, row.timeZone, from, 1)
    const turnMs = (opens?.getTime() ?? Infinity) + shareOf(row.appId) * Math.min(windowMs / 4, longestSpreadMs)
    return Math.max(turnMs, retryAt.get(row.appId) ?? 0) <= now.getTime()
  }

  /** Whether a window is open in which nothing was done yet. */
  function isOpen(row: AutoUpdateRow): boolean {
    const now = clock.now()
    const from = new Date(Math.max(row.doneUntil.getTime(), now.getTime() - row.windowMinutes * minuteMs))
    const [opens] = nextTimes(row.cron, row.timeZone, from, 1)
    return opens !== undefined && opens <= now
  }

  async function save(row: AutoUpdateRow, change: Partial<AutoUpdateRow>): Promise<void> {
    await em.fork().nativeUpdate(AutoUpdateEntity, { appId: row.appId }, change)
    Object.assign(row, change)
  }

  /** What is held back changes as time passes. */
  function tellOfTime(): void {
    const now = Math.floor(clock.now().getTime() / minuteMs)
    if (now === toldAt) return
    toldAt = now
    for (const appId of rows.keys()) deps.onChange(appId)
  }

  async function runIfDue(row: AutoUpdateRow, { failed: failedOf, attempt }: Acting): Promise<void> {
    const now = clock.now()
    if (!isDue(row, now)) return
    retryAt.set(row.appId, now.getTime() + againMs)
    try {
      const failed = joined(await failedOf(row.appId), row.failed)
      await save(row, { failed })
      // Killed in between, the node looks again, and finds the update under way, done or failed.
      if (await attempt(row.appId, { minimumAgeMs: row.minimumAgeHours * hourMs, failed })) await save(row, { doneUntil: now })
    } catch (error) {
      log.warn(
        { app: row.appId, error: errorMessage(error) },
        'an automatic update could not start. It is tried again while its window is open',
      )
    }
    deps.onChange(row.appId)
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(AutoUpdateEntity, {})) rows.set(row.appId, { ...row })
    },

    /** Null: this app is updated only when someone asks. */
    of(appId: string, app: Looked): AutoUpdate | null {
      const row = rows.get(appId)
      if (!row) return null
      const { cron, timeZone, windowMinutes, minimumAgeHours, failed } = row
      const nextRuns = timesOf(row)
      const { shouldRun, dockerAwaySince } = app
      const rule = { now: clock.now(), minimumAgeMs: minimumAgeHours * hourMs, failed, shouldRun, dockerAwaySince }
      const held = heldUpdate(app.images(), { ...rule, isOpen: isOpen(row), opensAt: nextRuns[0] })
      return {
        cron,
        timeZone,
        windowMinutes,
        minimumAgeHours,
        nextRuns,
        held: held && { ...held, message: cut(held.message, bounds.autoUpdate.held) },
      }
    },

    /** The app failed with these images. Known at once, so that people see why nothing is tried. */
    async failedWith(appId: string, sets: ImageSet[]): Promise<void> {
      const row = rows.get(appId)
      if (!row) return
      await save(row, { failed: joined(sets, row.failed) })
      deps.onChange(appId)
    },

    /** Null turns it off. A window that is open now counts. @throws INVALID_INPUT, naming each wrong field */
    async set(appId: string, policy: AutoUpdateInput | null): Promise<void> {
      const problems = policy === null ? [] : problemsOf(policy, clock.now())
      if (problems.length > 0) throw invalidInput(problems)
      const { doneUntil = new Date(0), failed = [] } = rows.get(appId) ?? {}
      if (policy === null) {
        await em.fork().nativeDelete(AutoUpdateEntity, { appId })
        rows.delete(appId)
      } else {
        const { cron, timeZone, windowMinutes, minimumAgeHours } = policy
        const given = { cron: cron.trim().split(/\s+/).join(' '), timeZone }
        const row = { appId, ...given, windowMinutes: windowMinutes ?? 60, minimumAgeHours: minimumAgeHours ?? 0, doneUntil, failed }
        await em.fork().upsert(AutoUpdateEntity, row)
        rows.set(appId, row)
      }
      times.delete(appId)
      retryAt.delete(appId)
      deps.onChange(appId)
    },

    /** The app is gone, and its row with it. */
    forget(appId: string): void {
      for (const known of [rows, times, retryAt]) known.delete(appId)
    },

    /** Updates what is due. Called every few seconds. */
    async tick(acting: Acting): Promise<void> {
      tellOfTime()
      await Promise.all([...rows.values()].map((row) => runIfDue(row, acting)))
    },
  }
}

/** An app's turn within a window, from 0 up to 1. The same in each. */
const shareOf = (appId: string): number => hash('sha256', appId, 'buffer').readUInt32BE(0) / 2 ** 32

function joined(newer: ImageSet[], known: ImageSet[]): ImageSet[] {
  const all = new Map([...newer, ...known].map((set) => [JSON.stringify(Object.entries(set).toSorted()), set]))
  return [...all.values()].slice(0, mostFailed)
}

function problemsOf({ cron, timeZone, windowMinutes, minimumAgeHours }: AutoUpdateInput, now: Date): FieldError[] {
  const at = (field: string, message: string | null): FieldError[] => (message === null ? [] : [{ field, message }])
  const within = (value: number | null | undefined, least: number, most: number): string | null =>
    (value ?? least) >= least && (value ?? least) <= most ? null : `must be from ${least} to ${most}`
  return [
    ...at('cron', cron.length > bounds.cron ? `must have at most ${bounds.cron} characters` : cronProblem(cron, now)),
    ...at('timeZone', timeZone.length > bounds.timeZone ? `must have at most ${bounds.timeZone} characters` : timeZoneProblem(timeZone)),
    ...at('windowMinutes', within(windowMinutes, 1, bounds.autoUpdate.windowMinutes)),
    ...at('minimumAgeHours', within(minimumAgeHours, 0, bounds.autoUpdate.minimumAgeHours)),
  ]
}
