import test from 'ava'
import { createLostSessions } from '../../api/cluster/lost-sessions.ts'
import { createManualClock } from '../helpers/manual-clock.ts'

function fixture() {
  const clock = createManualClock()
  const suspected: string[] = []
  const node = { online: true, links: true, session: false, lastTurn: 0 }
  const sessions = createLostSessions({
    isOnline: () => node.online,
    mayComeByItself: () => node.links,
    hasSession: () => node.session,
    lastTurn: () => node.lastTurn,
    suspect: (id) => void suspected.push(id),
    clock,
  })
  return { clock, suspected, node, sessions }
}

test('a session that was held and is lost makes its node suspect at once, also just after a start', (t) => {
  const { suspected, sessions } = fixture()
  sessions.lost('a', true)
  t.deepEqual(suspected, ['a'])
})

test('just after a start a node that opens links itself is given time; once, and only if it is not there then', (t) => {
  const { suspected, sessions, clock, node } = fixture()
  sessions.lost('a', false)
  clock.advance(10_000)
  sessions.lost('a', false)
  clock.advance(6999)
  t.deepEqual(suspected, [])
  clock.advance(1)
  t.deepEqual(suspected, ['a'])
  sessions.lost('a', false)
  t.deepEqual(suspected, ['a', 'a'], 'the time after a start is over')

  const later = fixture()
  later.sessions.lost('b', false)
  later.node.session = true
  later.clock.advance(60_000)
  t.deepEqual(later.suspected, [])
  t.true(node.online)
})

test('while nodes are told to come back later, one that was not heard gets the time that the last of them gets', (t) => {
  const { suspected, sessions, clock, node } = fixture()
  sessions.lost('a', false)
  node.lastTurn = clock.now().getTime() + 25_000
  clock.advance(27_999)
  t.deepEqual(suspected, [])
  clock.advance(1)
  t.deepEqual(suspected, ['a'])

  const long = fixture()
  long.sessions.lost('b', false)
  long.node.lastTurn = long.clock.now().getTime() + 3_600_000
  long.clock.advance(60_000)
  t.deepEqual(long.suspected, ['b'])
})

test('one that came and is lost while it is waited for is suspect at once', (t) => {
  const { suspected, sessions } = fixture()
  sessions.lost('a', false)
  sessions.lost('a', true)
  t.deepEqual(suspected, ['a'])
})

test('one that can only be called is suspect at once; one that is not online is no news', (t) => {
  const { suspected, sessions, node } = fixture()
  node.links = false
  sessions.lost('a', false)
  t.deepEqual(suspected, ['a'])
  node.online = false
  sessions.lost('a', true)
  t.deepEqual(suspected, ['a'])
})

test('nothing outlives a stop', (t) => {
  const { suspected, sessions, clock } = fixture()
  sessions.lost('a', false)
  sessions.stop()
  clock.advance(60_000)
  t.deepEqual(suspected, [])
})
