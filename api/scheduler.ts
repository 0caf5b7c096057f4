import cron, { type ScheduledTask } from 'node-cron'
import { errorMessage } from './errors.ts'
import type { Log } from './log.ts'

export type Scheduler = ReturnType<typeof createScheduler>

/** Recurring jobs by cron expression (seconds first). The only place that knows node-cron. */
export function createScheduler({ log }: { log: Log }) {
  const tasks: ScheduledTask[] = []
  return {
    /** A job that fails is logged and runs again next time; a run that is not over yet makes the next one wait its turn. */
    every(name: string, expression: string, job: () => void | Promise<void>): void {
      const task = cron.schedule(
        expression,
        async () => {
          try {
            await job()
          } catch (error) {
            log.error({ err: error, job: name }, 'scheduled job failed')
          }
        },
        { name, noOverlap: true, logger: loggerOf(log, name) },
      )
      tasks.push(task)
    },
    async stop(): Promise<void> {
      for (const task of tasks.splice(0)) await task.destroy()
    },
  }
}

/** node-cron prints to the console by itself, between the lines of the log. */
function loggerOf(log: Log, job: string) {
  const line = (level: 'debug' | 'warn' | 'error') => (message: string | Error) => log[level]({ job }, errorMessage(message))
  return { info: line('debug'), warn: line('warn'), error: line('error'), debug: line('debug') }
}
