import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import { AppError, type ErrorCode } from '../../errors.ts'
import { backoffMs } from '../../retry.ts'
import type { LogBatch, LogRange, LogSource, LogTap } from './log-line.ts'
import { createLogStream, type LogStream } from './log-stream.ts'
import { createPast } from './past-lines.ts'
import { createSharedLog, type SharedLog } from './shared-log.ts'

const retryWaits = { firstMs: 300, longestMs: 5000 }
/** Asking again would get the same answer. */
const final = new Set<ErrorCode>(['NOT_FOUND', 'NOT_SUPPORTED', 'INVALID_INPUT', 'FORBIDDEN', 'UNAUTHENTICATED'])
const most = bounds.logs.streams

export interface LogViewer {
  /** Whoever has the same key shares a limit. */
  key: string
  received?: (() => Promise<void>) | undefined
  /** @throws when the viewer may not see it any longer */
  check: () => void
}

export type LogHub = ReturnType<typeof createLogHub>

/** The logs of all nodes for those who look at them: one stream from a node for each app or container, however many do. */
export function createLogHub({
  open,
  isOnline,
  turn,
  clock,
}: {
  /** Opens a log on a node, this one or another. @throws NODE_UNREACHABLE, and what the node says */
  open: (nodeId: string, source: LogSource, range: LogRange, signal: AbortSignal) => AsyncIterable<LogBatch>
  isOnline: (nodeId: string) => boolean
  /** Resolves when other work has had its turn. Lines for people cost the most here. */
  turn: () => Promise<void>
  clock: Clock
}) {
  const shared = new Map<string, { nodeId: string; log: SharedLog }>()
  const viewers = new Map<string, number>()
  let count = 0

  function sharedLog(nodeId: string, source: LogSource): SharedLog {
    const key = `${nodeId} ${JSON.stringify('appId' in source ? [source.appId, source.services.toSorted()] : source.containerId)}`
    const known = shared.get(key)
    if (known) return known.log
    const ofNode = [...shared.values()].filter((each) => each.nodeId === nodeId).length
    if (ofNode >= most.ofNode) throw tooMany(`${most.ofNode} logs of this node are open`)
    let failures = 0
    const log: SharedLog = createSharedLog({
      clock,
      tellsPast: true,
      async *read(range, signal) {
        for await (const batch of open(nodeId, source, range, signal)) {
          failures = 0
          yield batch
        }
      },
      onClosed: () => shared.get(key)?.log === log && shared.delete(key),
      async onEnd(failure) {
        if (failure === null) return 'over'
        if ((failure instanceof AppError && final.has(failure.code)) || !isOnline(nodeId)) throw failure
        await new Promise<void>((resolve) => clock.after(backoffMs(retryWaits, failures), resolve))
        failures += 1
        return 'again'
      },
    })
    shared.set(key, { nodeId, log })
    return log
  }

  async function once(nodeId: string, source: LogSource, range: LogRange): Promise<LogTap> {
    const past = createPast(range)
    const stop = new AbortController()
    try {
      for await (const batch of open(nodeId, source, range, stop.signal)) past.add(batch)
    } finally {
      stop.abort()
    }
    return { past: past.batch(), take: () => [], isOver: () => true, close: () => undefined }
  }

  /** @throws RATE_LIMITED */
  function admit(key: string): () => void {
    const own = viewers.get(key) ?? 0
    if (own >= most.ofCaller) throw tooMany(`You have ${own} logs open`)
    if (count >= most.all) throw tooMany(`${count} logs are open on this server`)
    viewers.set(key, own + 1)
    count += 1
    return () => {
      count -= 1
      const left = (viewers.get(key) ?? 1) - 1
      if (left > 0) viewers.set(key, left)
      else viewers.delete(key)
    }
  }

  return {
    /** @throws RATE_LIMITED; the stream itself fails with NODE_UNREACHABLE, and with what the node says */
    stream(nodeId: string, source: LogSource, range: LogRange, { key, received, check }: LogViewer): LogStream {
      const onEnd = admit(key)
      return createLogStream({
        ...{ received, turn, check, onEnd, clock },
        open: async (onChange) => (range.follow ? sharedLog(nodeId, source).tap(range, onChange) : once(nodeId, source, range)),
      })
    },
    /** How many logs are open at nodes, and by how many viewers. For tests. */
    counts: () => ({ open: shared.size, viewers: count }),
  }
}

const tooMany = (what: string): AppError => new AppError('RATE_LIMITED', `${what}. Close one first`, { retryAfterSeconds: 5 })
