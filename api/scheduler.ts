import cron, { type ScheduledTask } from 'node-cron'
import { errorMessage } from './errors.ts'
import type { Log } from './log.ts'

export type Scheduler = ReturnType<typeof createScheduler>

/** Recurring jobs by cron expression (seconds first). The only importer of node-cron. */
export function createScheduler({ log }: { log: Log }) {
  const tasks: ScheduledTask[] = []
  return {
    /**
     * A job that fails is logged and runs again next time. While it keeps failing for the same reason, only the first failure
     * is logged. Runs never overlap: one that is due during another is skipped. Missed runs are not made up for.
     */
    every(name: string, expression: string, job: () => void | Promise<void>): void {
      let failing: { error: string; times: number } | null = null
      const run = async (): Promise<void> => {
        try {
          await job()
          if (failing) log.info({ job: name, failures: failing.times }, 'scheduled job works again')
          failing = null
        } catch (error) {
          const isNew = failing?.error !== errorMessage(error)
          failing = { error: errorMessage(error), times: (failing?.times ?? 0) + 1 }
          if (isNew) log.error({ err: error, job: name }, 'scheduled job failed')
        }
      }
      // Missed runs would log a line for every second. wake-watch.ts logs once that the program was frozen.
      tasks.push(cron.schedule(expression, run, { name, noOverlap: true, suppressMissedWarning: true, logger: loggerOf(log, name) }))
    },
    async stop(): Promise<void> {
      for (const task of tasks.splice(0)) await task.destroy()
    },
  }
}

/** Without a logger, node-cron writes to the console, between our log lines. Its warnings about late runs come every second, so they are debug. */
function loggerOf(log: Log, job: string) {
  const line = (level: 'debug' | 'error') => (message: string | Error) => log[level]({ job }, errorMessage(message))
  return { info: line('debug'), warn: line('debug'), error: line('error'), debug: line('debug') }
}
