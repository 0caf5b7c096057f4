import { afterRunning, type Clock } from '../../clock.ts'
import type { NodeAddress } from '../members/cluster-node.ts'
import { calls } from '../node-calls.ts'
import type { NodeClient } from '../transport/node-client.ts'
import { readFeed } from './feed-reader.ts'
import type { FeedReading } from './feed-wire.ts'

/**
 * The sender writes at least every 2 s. A stall of 5 s is common on bad networks and loses nothing. Longer silence means a
 * dead connection. With three checks after that, a host that disappears without a word is offline in under 15 s.
 */
const silenceMs = 7500
/** How long a node can take to open its stream. Longer than a check, because the node reads a snapshot from its database. */
const openDeadlineMs = 10_000

/** Opens a node's event stream and reads it until it ends, which a long silence is too. @throws why it ended */
export async function followStream(deps: {
  client: NodeClient
  address: NodeAddress
  abort: AbortController
  quota: Parameters<typeof readFeed>[1]
  clock: Clock
  /** Something arrived, if only a keepalive. */
  onHeard: () => void
  onReading: (reading: FeedReading) => void
}): Promise<never> {
  const { abort, clock } = deps
  const opening = clock.after(openDeadlineMs, () =>
    abort.abort(new Error(`did not open the event stream within ${openDeadlineMs / 1000} s`)),
  )
  const bytes = await deps.client.open(deps.address, calls.events, {}, abort.signal).finally(opening)
  let cancelSilence: () => void = () => undefined
  const heard = (): void => {
    deps.onHeard()
    cancelSilence()
    cancelSilence = afterRunning(clock, silenceMs, () => abort.abort(new Error(`nothing was received for ${silenceMs / 1000} s`)))
  }
  heard()
  try {
    await readFeed(bytes, deps.quota, {
      heard,
      event(reading) {
        abort.signal.throwIfAborted()
        deps.onReading(reading)
      },
    })
    throw new Error('the node closed the event stream')
  } finally {
    cancelSilence()
  }
}
