import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import { createFeedPace } from '../../api/cluster/feed/feed-pace.ts'
import type { Feed, FeedEvent } from '../../api/cluster/feed/feed-event.ts'
import { feedResponse } from '../../api/http/feed-response.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peerId } from '../helpers/peer.ts'
import { someApp } from '../helpers/things.ts'
import { until } from '../helpers/until.ts'

/** A feed whose subscriptions the test counts and drives. `begun` resolves when a subscription is ready. */
function countedFeed(begun: Promise<void> = Promise.resolve()) {
  const listeners = new Set<(event: FeedEvent) => void>()
  const feed: Feed = {
    async subscribe(listener) {
      listeners.add(listener)
      await begun.catch((error: unknown) => {
        listeners.delete(listener)
        throw error
      })
      return () => void listeners.delete(listener)
    },
  }
  return { feed, listeners }
}

function responseOf(feed: Feed) {
  const clock = createManualClock()
  const reader = new AbortController()
  let ends = 0
  const response = feedResponse(feed, { signal: reader.signal, clock, pace: createFeedPace(clock), onEnd: () => (ends += 1) })
  return { clock, reader, response, ends: () => ends }
}

test('a reader that leaves in any way ends its subscription and keepalive, and onEnd is called once', async (t) => {
  for (const leaves of ['by its connection', 'by its stream'] as const) {
    const { feed, listeners } = countedFeed()
    const { clock, reader, response, ends } = responseOf(feed)
    await until(() => clock.waiting() === 1 && listeners.size === 1)
    // The subscription's result is used a moment later.
    await nextTurn()
    if (leaves === 'by its connection') reader.abort()
    else await response.body?.cancel()
    t.is(listeners.size, 0, leaves)
    t.is(clock.waiting(), 0, leaves)
    reader.abort()
    t.is(ends(), 1, leaves)
  }
})

test('a reader that leaves while its snapshot is read leaves no subscription behind', async (t) => {
  const ready = Promise.withResolvers<void>()
  const { feed, listeners } = countedFeed(ready.promise)
  const { clock, reader, ends } = responseOf(feed)
  reader.abort()
  t.is(listeners.size, 1, 'the subscription is not ready yet')
  ready.resolve()
  await until(() => listeners.size === 0)
  t.is(ends(), 1)
  t.is(clock.waiting(), 0)
})

test('a feed that cannot start ends the answer and cleans up', async (t) => {
  const { feed, listeners } = countedFeed(Promise.reject(new Error('the database is away')))
  const { clock, response, ends } = responseOf(feed)
  const text = response.text()
  await t.throwsAsync(text, { message: /the database is away/ })
  t.is(listeners.size, 0)
  t.is(clock.waiting(), 0)
  t.is(ends(), 1)
})

test('a reader that does not read is disconnected when 32 MiB are queued, and not before', async (t) => {
  const { feed, listeners } = countedFeed()
  const { clock, response, ends } = responseOf(feed)
  await until(() => listeners.size === 1)
  const event: FeedEvent = { type: 'app', app: someApp({ nodeId: peerId, composeContent: '#'.repeat(2 ** 20) }) }
  // No faster than a feed can be sent.
  const say = (): void => {
    listeners.forEach((listener) => listener(event))
    clock.advance(2100)
  }
  for (let mib = 0; mib < 31; mib += 1) say()
  await nextTurn()
  t.is(listeners.size, 1, '31 MiB')
  for (let mib = 0; mib < 2; mib += 1) say()
  t.is(listeners.size, 0, '33 MiB')
  t.is(ends(), 1)
  t.is(clock.waiting(), 0)
  let bytes = 0
  for await (const chunk of response.body ?? []) bytes += chunk.byteLength
  t.true(bytes > 31 * 2 ** 20 && bytes < 34 * 2 ** 20, `${bytes}`)
})
