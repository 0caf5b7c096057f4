import test from 'ava'
import { stopOrder, withNeeds } from '../../api/apps/stop-order.ts'

const some = (service: string | null, ...dependsOn: string[]) => ({ service, dependsOn })
const namesOf = (groups: { service: string | null }[][]) => groups.map((group) => group.map(({ service }) => service))

test('stops dependents first, and containers of one service or without dependents together', (t) => {
  t.deepEqual(namesOf(stopOrder([some('db'), some('web', 'api'), some('api', 'db', 'cache'), some('cache'), some('web', 'api')])), [
    ['web', 'web'],
    ['api'],
    ['db', 'cache'],
  ])
  t.deepEqual(namesOf(stopOrder([some('a'), some('b'), some(null)])), [['a', 'b', null]])
  t.deepEqual(stopOrder([]), [])
})

test('handles services that depend on each other, on themselves or on missing services', (t) => {
  t.deepEqual(namesOf(stopOrder([some('a', 'b'), some('b', 'a'), some('c', 'a')])), [['c'], ['a', 'b']])
  t.deepEqual(namesOf(stopOrder([some('a', 'a'), some('b', 'gone')])), [['a', 'b']])
})

test('what a container does not say that it needs, the deployed file says', (t) => {
  const wanted = [{ name: 'web', dependsOn: ['db'] }, { name: 'db', dependsOn: [] }, { name: 'old' }]
  t.deepEqual(namesOf(stopOrder(withNeeds([some('db'), some('web'), some('old'), some(null)], wanted))), [['web', 'old', null], ['db']])
  t.deepEqual(namesOf(stopOrder(withNeeds([some('db'), some('web')], null))), [['db', 'web']])
  t.deepEqual(withNeeds([some('web', 'cache')], wanted), [some('web', 'cache')], 'what Compose 2 wrote on it counts')
})
