import test from 'ava'
import { createUnreadable } from '../../../api/cluster/health/unreadable.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'

function unreadOf() {
  const clock = createManualClock()
  const changes: string[] = []
  const unread = createUnreadable({ clock, onChange: (nodeId) => void changes.push(nodeId) })
  return { clock, changes, unread, things: (nodeId = 'a') => unread.of(nodeId)?.things ?? [] }
}

const app = (id: string) => ({ key: `things/app/${id}`, what: `app ${id}: cannot be read` })
const operation = (id: string) => ({ key: `things/operation/${id}`, what: `operation ${id}: cannot be read` })

test('an entry ends when the same item is read well, not when another is', (t) => {
  const { unread, things, changes } = unreadOf()
  unread.heard('a', 'things/app/1', [app('1')])
  unread.heard('a', 'things/app/12', [])
  unread.heard('a', 'stats', [])
  unread.heard('b', 'things/app/1', [])
  t.deepEqual(things(), ['app 1: cannot be read'])
  unread.heard('a', 'things/app/1', [])
  t.deepEqual(things(), [])
  t.deepEqual(changes, ['a', 'a'])
})

test('a snapshot covers all apps and operations but not stats', (t) => {
  const { unread, things } = unreadOf()
  unread.heard('a', 'things', [app('1'), operation('2')])
  unread.heard('a', 'stats', [{ key: 'stats', what: 'its stats: disks 1 cannot be read' }])
  unread.heard('a', 'things', [app('3')])
  t.deepEqual(things(), ['its stats: disks 1 cannot be read', 'app 3: cannot be read'])
})

test('a repeat is not reported again and keeps its since', (t) => {
  const { unread, changes, clock } = unreadOf()
  const since = clock.now()
  unread.heard('a', 'things/app/1', [app('1')])
  clock.advance(5000)
  unread.heard('a', 'things/app/1', [app('1')])
  t.deepEqual(changes, ['a'])
  t.deepEqual(unread.of('a')?.since, since)
})

test('one-off items are forgotten after 15 minutes, existing apps are not', (t) => {
  const { unread, things, clock } = unreadOf()
  unread.heard('a', 'things', [app('1'), operation('2')])
  unread.heard('a', 'event', [{ key: 'event', what: 'an event is malformed' }])
  clock.advance(15 * 60_000)
  t.deepEqual(things(), ['app 1: cannot be read'])
})

test('at most fifty are kept per node', (t) => {
  const { unread, things } = unreadOf()
  unread.heard(
    'a',
    'things',
    Array.from({ length: 1000 }, (_, index) => app(String(index))),
  )
  unread.heard('a', 'things/app/x', [app('x')])
  t.is(things().length, 50)
  unread.forget('a')
  t.deepEqual(things(), [])
})
