import test from 'ava'
import { stopOrder } from '../../api/apps/stop-order.ts'

const some = (service: string | null, ...dependsOn: string[]) => ({ service, dependsOn })
const namesOf = (groups: { service: string | null }[][]) => groups.map((group) => group.map(({ service }) => service))

test('what others need ends after them; the rest ends at once, each container of a service with its fellows', (t) => {
  t.deepEqual(namesOf(stopOrder([some('db'), some('web', 'api'), some('api', 'db', 'cache'), some('cache'), some('web', 'api')])), [
    ['web', 'web'],
    ['api'],
    ['db', 'cache'],
  ])
  t.deepEqual(namesOf(stopOrder([some('a'), some('b'), some(null)])), [['a', 'b', null]])
  t.deepEqual(stopOrder([]), [])
})

test('services that need one another, themselves or what is not there end all the same', (t) => {
  t.deepEqual(namesOf(stopOrder([some('a', 'b'), some('b', 'a'), some('c', 'a')])), [['c'], ['a', 'b']])
  t.deepEqual(namesOf(stopOrder([some('a', 'a'), some('b', 'gone')])), [['a', 'b']])
})
