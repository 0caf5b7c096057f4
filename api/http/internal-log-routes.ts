import type { Context } from 'hono'
import type { LogRange, LogSource } from '../apps/logs/log-line.ts'
import { bounds } from '../bounds.ts'
import { readRange } from '../cluster/calls/log-calls.ts'
import { calls } from '../cluster/node-calls.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import { whileKeyIsValid } from './internal-callers.ts'
import { logResponse } from './log-response.ts'
import type { HttpEnv, Router } from './router.ts'
import { serveStream } from './serve-call.ts'

/** Streams the logs of this node's apps and containers to its primary. */
export function serveLogs(router: Router, { ownLogs, logPace, clock, home: { ownKey } }: Services): void {
  let open = 0

  async function answer(c: Context<HttpEnv>, source: LogSource, range: LogRange): Promise<Response> {
    if (open >= bounds.logs.streams.all)
      throw new AppError('RATE_LIMITED', `${open} logs of this node are open. Close one first`, { retryAfterSeconds: 5 })
    const { signal, stop } = whileKeyIsValid(c, ownKey)
    open += 1
    return logResponse(ownLogs.stream(source, range), {
      ...{ signal, clock, pace: logPace },
      onEnd() {
        open -= 1
        stop()
      },
    })
  }

  serveStream(router, calls.appLogs, ({ id, services, ...range }, c) =>
    answer(c, { appId: id, services: services?.split(',').filter(Boolean) ?? [] }, readRange(range)),
  )
  serveStream(router, calls.containerLogs, ({ id, ...range }, c) => answer(c, { containerId: id }, readRange(range)))
}
