import cron, { type ScheduledTask } from 'node-cron'
import { errorMessage } from './errors.ts'
import type { Log } from './log.ts'

export type Scheduler = ReturnType<typeof createScheduler>

/** Recurring jobs by cron expression (seconds first). The only place that knows node-cron. */
export function createScheduler({ log }: { log: Log }) {
  const tasks: ScheduledTask[] = []
  return {
    /**
     * A job that fails is logged and runs again next time; while it fails for the same reason that is one line, not one per run.
     * A run that is not over yet makes the next one wait its turn, and runs that were missed are not made up for.
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
      // Runs that were missed would be a line for each of their seconds; wake-watch.ts says once that the program stood still.
      tasks.push(cron.schedule(expression, run, { name, noOverlap: true, suppressMissedWarning: true, logger: loggerOf(log, name) }))
    },
    async stop(): Promise<void> {
      for (const task of tasks.splice(0)) await task.destroy()
    },
  }
}

/** node-cron prints to the console by itself, between the lines of the log. What it warns of, a run that is late, comes once per second. */
function loggerOf(log: Log, job: string) {
  const line = (level: 'debug' | 'error') => (message: string | Error) => log[level]({ job }, errorMessage(message))
  return { info: line('debug'), warn: line('debug'), error: line('error'), debug: line('debug') }
}
