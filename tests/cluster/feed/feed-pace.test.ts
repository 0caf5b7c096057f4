import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import { createFeedPace } from '../../../api/cluster/feed/feed-pace.ts'
import { createFeedQuota, readFeed } from '../../../api/cluster/feed/feed-reader.ts'
import type { Feed, FeedEvent } from '../../../api/cluster/feed/feed-event.ts'
import { feedResponse } from '../../../api/http/feed-response.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { someApp, someOperation } from '../../helpers/things.ts'

const nodeId = '00000000-0000-4000-8000-00000000000a'

/** A real feed and its real reader on one clock. */
function pair() {
  const clock = createManualClock()
  const [pace, quota] = [createFeedPace(clock), createFeedQuota(clock)]
  const listeners: ((event: FeedEvent) => void)[] = []
  const feed: Feed = {
    subscribe: (listener) => {
      listeners.push(listener)
      return Promise.resolve(() => undefined)
    },
  }
  return {
    clock,
    say: (event: FeedEvent) => listeners.at(-1)?.(event),
    open() {
      const heard: FeedEvent[] = []
      const end = new AbortController()
      const { body } = feedResponse(feed, { signal: end.signal, clock, pace, onEnd: () => undefined })
      const done = readFeed((body ?? []) as AsyncIterable<Uint8Array>, quota, {
        heard: () => undefined,
        event: ({ event }) => event && heard.push(event),
      })
      return { heard, done, end: () => end.abort() }
    },
    /** Moves the clock until the condition holds. */
    async until(condition: () => boolean): Promise<number> {
      const start = clock.now().getTime()
      for (let turns = 0; !condition(); turns += 1) {
        await nextTurn()
        if (turns % 20 === 19) clock.advance(50)
      }
      return clock.now().getTime() - start
    },
  }
}

test('when a thousand apps change at once, their final states are sent at the allowed rate', async (t) => {
  const { open, say, until } = pair()
  const apps = Array.from({ length: 1000 }, () => someApp({ nodeId }))
  const reader = open()
  say({ type: 'snapshot', apps, operations: [] })
  await until(() => reader.heard.length > 0)
  for (const statusReason of ['first', 'second', 'last']) for (const app of apps) say({ type: 'app', app: { ...app, statusReason } })
  const told = new Map<string, string | null>()
  await until(() => {
    for (const event of reader.heard) if (event.type === 'app') told.set(event.app.id, event.app.statusReason)
    return told.size === 1000 && [...told.values()].every((reason) => reason === 'last')
  })
  t.true(reader.heard.length < 1400, `${reader.heard.length} events`)
  reader.end()
  await t.notThrowsAsync(reader.done)
})

test('a hundred of the largest Compose files arrive in pieces, and again each time the stream is reopened', async (t) => {
  const { open, say, until } = pair()
  const apps = Array.from({ length: 60 }, () => someApp({ nodeId, composeContent: '"'.repeat(256 * 1024) }))
  const operations = Array.from({ length: 50 }, () => someOperation({ nodeId, output: Array.from({ length: 50 }, () => 'x'.repeat(2000)) }))
  for (let round = 0; round < 2; round += 1) {
    const reader = open()
    say({ type: 'snapshot', apps, operations })
    await until(() => {
      const [first] = reader.heard
      const named = first?.type === 'snapshot' ? first.apps.length + (first.otherApps?.length ?? 0) : 0
      return (
        named === 60 && reader.heard.length === 1 + 110 - (first?.type === 'snapshot' ? first.apps.length + first.operations.length : 0)
      )
    })
    reader.end()
    await t.notThrowsAsync(reader.done)
  }
})

test('an app that is removed while its event waits is sent as removed', async (t) => {
  const { open, say, until } = pair()
  const reader = open()
  say({ type: 'snapshot', apps: [], operations: [] })
  const apps = Array.from({ length: 400 }, () => someApp({ nodeId }))
  for (const app of apps) say({ type: 'app', app })
  const last = apps.at(-1)?.id ?? ''
  say({ type: 'app-removed', id: last })
  await until(() => reader.heard.length === 401)
  t.deepEqual(reader.heard.at(-1), { type: 'app-removed', id: last })
  reader.end()
  await reader.done
})
