import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import test from 'ava'
import { createFeedQuota, readFeed } from '../../../api/cluster/feed/feed-reader.ts'
import { feedEventToJson } from '../../../api/cluster/feed/feed-wire.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { someApp } from '../../helpers/things.ts'

const nodeId = '00000000-0000-4000-8000-00000000000a'

/** The bytes of a snapshot, of which the last ones arrive when `rest` resolves. */
async function* inTwo(text: string, rest: Promise<void>): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(`data: ${text}\n\n`)
  yield bytes.subarray(0, -10)
  await rest
  yield bytes.subarray(-10)
}

test.serial('snapshots that nine nodes finish at the same moment are parsed one per turn of the event loop', async (t) => {
  const apps = Array.from({ length: 10 }, () => someApp({ nodeId, composeContent: 'x'.repeat(16 * 1024) }))
  const text = feedEventToJson({ type: 'snapshot', apps, operations: [] })
  const rest = Promise.withResolvers<void>()
  const done: string[] = []
  const parse = JSON.parse.bind(JSON)
  t.teardown(() => void (JSON.parse = parse))
  const clock = createManualClock()
  const all = Array.from({ length: 9 }, () =>
    readFeed(inTwo(text, rest.promise), createFeedQuota(clock), { heard: () => undefined, event: () => undefined }),
  )
  for (let turns = 0; turns < 50; turns += 1) await eventLoopTurn()
  JSON.parse = (json: string) => {
    done.push('a snapshot')
    return parse(json) as unknown
  }
  rest.resolve()
  let isOver = false
  const others = (async () => {
    while (!isOver) {
      await eventLoopTurn()
      done.push('other work')
    }
  })()
  await Promise.all(all)
  isOver = true
  await others
  t.is(done.filter((what) => what === 'a snapshot').length, 9)
  t.false(
    done.some((what, index) => what === 'a snapshot' && done[index + 1] === what),
    done.join(', '),
  )
})
