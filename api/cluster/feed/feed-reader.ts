import { createParser } from 'eventsource-parser'
import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import { createTokenBucket } from '../limits/token-bucket.ts'
import { costOfJson, parseBounded } from '../limits/bounded-json.ts'
import { paceShare } from './feed-pace.ts'
import { readFeedEvent, strange, type FeedReading } from './feed-wire.ts'
import { Misbehavior } from '../limits/misbehavior.ts'
import { createByteTurns, nextTurn, type ByteTurns } from '../limits/event-loop-turns.ts'

const maxEventBytes = bounds.event.bytes
const tooLarge = `sent an event larger than ${maxEventBytes / 2 ** 20} MiB`
const lineFeed = 10
/** Senders stay below half of these limits, see feed-pace.ts. `chunkCost` is there because many small chunks take time. */
const { bytes, events, chunkCost } = bounds.feed
/** Other work gets a turn after this many events, because chunks that have already arrived are read without a pause. */
const eventsPerTurn = 10

export type FeedQuota = ReturnType<typeof createFeedQuota>

/** A bit more than a node may send at once after a restart: small chunks cost more than their bytes. */
const restartShare = paceShare + 0.1

/** The rate limit for one node, shared by its successive event streams. */
export function createFeedQuota(clock: Clock) {
  const [ofBytes, ofEvents] = [createTokenBucket(bytes, clock), createTokenBucket(events, clock)]
  return {
    bytes: ofBytes,
    events: ofEvents,
    /** Milliseconds until there is room for a full burst. A restarted node sends one, because it has forgotten what it sent before. */
    waitMs: (): number => Math.max(ofBytes.waitMs(bytes.burst * restartShare), ofEvents.waitMs(events.burst * restartShare)),
  }
}

/**
 * Reads an event stream to its end.
 *
 * @throws Misbehavior if the node sends too much. Values that cannot be read are dropped without an error
 */
export async function readFeed(
  body: AsyncIterable<Uint8Array>,
  quota: FeedQuota,
  on: { heard: () => void; event: (reading: FeedReading) => void },
): Promise<void> {
  let pending: string[] = []
  const parser = createParser({
    maxBufferSize: maxEventBytes,
    onEvent: ({ data }) => pending.push(data),
    onError: (error) => {
      if (error.type !== 'max-buffer-size-exceeded') return
      throw new Misbehavior(tooLarge)
    },
  })
  const text = new TextDecoder()
  let held: Uint8Array[] = []
  let heldBytes = 0
  let count = 0
  const turn = createByteTurns()
  for await (const chunk of body) {
    on.heard()
    if (!quota.bytes.take(Math.max(chunk.byteLength, chunkCost))) throw tooMuch()
    await turn(chunk.byteLength)
    held.push(chunk)
    heldBytes += chunk.byteLength
    if (heldBytes > maxEventBytes) throw new Misbehavior(tooLarge)
    // The parser scans an unfinished line again with each chunk, so chunks are held until a line ends.
    if (!chunk.includes(lineFeed)) continue
    parser.feed(text.decode(Buffer.concat(held), { stream: true }))
    held = []
    heldBytes = 0
    const arrived = pending
    pending = []
    for (const data of arrived) {
      on.event(await read(data, quota, turn))
      count += 1
      if (count % eventsPerTurn === 0) await nextTurn()
    }
  }
}

async function read(data: string, quota: FeedQuota, turn: ByteTurns): Promise<FeedReading> {
  if (!quota.events.take()) throw new Misbehavior(`sent more than ${events.perSecond} events a second`)
  const cost = costOfJson(data)
  // Its bytes were already taken on arrival.
  if (!quota.bytes.take(cost - data.length)) throw tooMuch()
  // Parsing blocks as long as its size says. Many nodes can finish a large event, such as a snapshot, in the same moment.
  await turn(cost)
  let value: unknown
  try {
    value = parseBounded(data, bounds.event.values)
  } catch (error) {
    if (error instanceof SyntaxError) return strange('an event')
    throw error
  }
  return readFeedEvent(value)
}

const tooMuch = (): Misbehavior => new Misbehavior(`sent more than ${bytes.perSecond / 2 ** 20} MiB of events a second`)
