import test from 'ava'
import { isOver, massVanish } from '../../../api/cluster/health/network-suspicion-rule.ts'

const now = 1_000_000
const lostAt = (...times: number[]) => times.map((at, index) => ({ id: `node-${index}`, at }))

test('three of five at once are most of them, since the first was lost', (t) => {
  const lost = lostAt(now - 5, now - 2000, now)
  t.deepEqual(massVanish(lost, 2, now), { ids: ['node-0', 'node-1', 'node-2'], since: now - 2000 })
})

test('two nodes are never most, and half of the nodes is not most', (t) => {
  t.is(massVanish(lostAt(now, now), 0, now), null)
  t.is(massVanish(lostAt(now, now, now), 3, now), null)
  t.not(massVanish(lostAt(now, now, now, now), 3, now), null)
})

test('at once is within 30 s', (t) => {
  t.deepEqual(massVanish(lostAt(now - 29_999, now, now), 0, now)?.since, now - 29_999)
  t.is(massVanish(lostAt(now - 30_000, now, now), 0, now), null)
})

test('nodes lost before the window were not online, those lost after it were', (t) => {
  t.deepEqual(massVanish(lostAt(now - 60_000, now, now, now), 2, now)?.ids, ['node-1', 'node-2', 'node-3'])
  t.is(massVanish(lostAt(now + 1, now, now, now), 2, now), null)
  t.deepEqual(massVanish(lostAt(now + 1, now, now, now), 1, now)?.ids, ['node-1', 'node-2', 'node-3'])
})

test('it is over when more than half answer, or when there is none left', (t) => {
  t.deepEqual([isOver(2, 4), isOver(3, 4), isOver(0, 1), isOver(0, 0)], [false, true, false, true])
})
