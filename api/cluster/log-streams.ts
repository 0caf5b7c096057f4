import type { LogBatch, LogRange, LogSource } from '../apps/logs/log-line.ts'
import { bounds } from '../bounds.ts'
import { afterRunning, type Clock } from '../clock.ts'
import { calls } from './node-calls.ts'
import { readBatch } from './calls/log-wire.ts'
import { writeRange } from './calls/log-calls.ts'
import { createByteTurns } from './limits/event-loop-turns.ts'
import type { NodeAddress } from './members/node-registry.ts'
import { unusable, unreachable } from './transport/node-call-error.ts'
import type { NodeClient } from './transport/node-client.ts'

/** The sender writes at least every 2 s; see `silenceMs` in feed/follow-stream.ts. */
const silenceMs = 7500
const opensWithinMs = 20_000
const lineFeed = 10

/** Reads a log of another node. @throws the node's refusal, NODE_UNREACHABLE */
export async function* readRemoteLog(
  { client, clock }: { client: NodeClient; clock: Clock },
  address: NodeAddress,
  source: LogSource,
  range: LogRange,
  signal: AbortSignal,
): AsyncGenerator<LogBatch> {
  const abort = new AbortController()
  const stop = (): void => abort.abort(new Error('cancelled'))
  signal.addEventListener('abort', stop)
  let cancelSilence = afterRunning(clock, opensWithinMs, () => abort.abort(new Error('its log did not open')))
  const heard = (): void => {
    cancelSilence()
    cancelSilence = afterRunning(clock, silenceMs, () => abort.abort(new Error('nothing was received')))
  }
  try {
    const query = writeRange(range)
    const bytes = await ('appId' in source
      ? client.open(address, calls.appLogs, { id: source.appId, services: source.services.join(',') || undefined, ...query }, abort.signal)
      : client.open(address, calls.containerLogs, { id: source.containerId, ...query }, abort.signal))
    for await (const line of linesOf(bytes, address, heard)) {
      const batch = batchOf(line, address)
      if (batch === null) return
      yield batch
    }
    throw unreachable(address, 'closed a log before its end')
  } catch (error) {
    if (abort.signal.aborted && !signal.aborted) throw unreachable(address, 'stopped sending a log', error)
    throw error
  } finally {
    cancelSilence()
    signal.removeEventListener('abort', stop)
    abort.abort()
  }
}

function batchOf(line: string, address: NodeAddress): LogBatch | null {
  try {
    return readBatch(line)
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'extensions' in error) throw error
    throw unusable(address, 'sent a log that cannot be read. Does it run another version of Selfhostly?')
  }
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>, address: NodeAddress, heard: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const turn = createByteTurns()
  let rest = ''
  for await (const chunk of bytes) {
    heard()
    await turn(chunk.byteLength)
    rest += decoder.decode(chunk, { stream: true })
    if (rest.length > bounds.logs.message) throw unusable(address, 'sent a log in pieces that are too large')
    if (!chunk.includes(lineFeed)) continue
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield line
  }
}
