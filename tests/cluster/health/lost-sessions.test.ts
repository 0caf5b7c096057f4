import test from 'ava'
import { createLostSessions } from '../../../api/cluster/health/lost-sessions.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'

function fixture() {
  const clock = createManualClock()
  const suspected: string[] = []
  const node = { online: true, links: true, session: false, lastReturnAt: 0 }
  const sessions = createLostSessions({
    isOnline: () => node.online,
    mayComeByItself: () => node.links,
    hasSession: () => node.session,
    lastReturnAt: () => node.lastReturnAt,
    suspect: (id) => void suspected.push(id),
    clock,
  })
  return { clock, suspected, node, sessions }
}

test('a lost session makes its node suspect at once, even right after a start', (t) => {
  const { suspected, sessions } = fixture()
  sessions.lost('a', true)
  t.deepEqual(suspected, ['a'])
})

test('right after a start, a node that opens links itself gets time to connect before it becomes suspect once', (t) => {
  const { suspected, sessions, clock, node } = fixture()
  sessions.lost('a', false)
  clock.advance(10_000)
  sessions.lost('a', false)
  clock.advance(6999)
  t.deepEqual(suspected, [])
  clock.advance(1)
  t.deepEqual(suspected, ['a'])
  sessions.lost('a', false)
  t.deepEqual(suspected, ['a', 'a'], 'the grace period after the start has ended')

  const later = fixture()
  later.sessions.lost('b', false)
  later.node.session = true
  later.clock.advance(60_000)
  t.deepEqual(later.suspected, [])
  t.true(node.online)
})

test('while nodes are told to come back later, a node that was not heard gets as much time as the last of them', (t) => {
  const { suspected, sessions, clock, node } = fixture()
  sessions.lost('a', false)
  node.lastReturnAt = clock.now().getTime() + 25_000
  clock.advance(27_999)
  t.deepEqual(suspected, [])
  clock.advance(1)
  t.deepEqual(suspected, ['a'])

  const long = fixture()
  long.sessions.lost('b', false)
  long.node.lastReturnAt = long.clock.now().getTime() + 3_600_000
  long.clock.advance(60_000)
  t.deepEqual(long.suspected, ['b'])
})

test('a node that connects and is lost during the grace period is suspect at once', (t) => {
  const { suspected, sessions } = fixture()
  sessions.lost('a', false)
  sessions.lost('a', true)
  t.deepEqual(suspected, ['a'])
})

test('a node that can only be called is suspect at once; a node that is not online is ignored', (t) => {
  const { suspected, sessions, node } = fixture()
  node.links = false
  sessions.lost('a', false)
  t.deepEqual(suspected, ['a'])
  node.online = false
  sessions.lost('a', true)
  t.deepEqual(suspected, ['a'])
})

test('stop cancels every wait', (t) => {
  const { suspected, sessions, clock } = fixture()
  sessions.lost('a', false)
  sessions.stop()
  clock.advance(60_000)
  t.deepEqual(suspected, [])
})
