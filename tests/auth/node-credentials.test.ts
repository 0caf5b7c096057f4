import { timingSafeEqual } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { createNodeAuthenticator, mostKeys, sameSecret } from '../../api/auth/node-credentials.ts'

test('sameSecret compares whole texts of any length', (t) => {
  t.true(sameSecret('key', 'key'))
  for (const other of ['', 'ke', 'key ', 'Key', 'kéy']) t.false(sameSecret('key', other))
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => sameSecret(a, b) === (a === b)))
})

const keys = new Map([
  ['worker-1', 'first key'],
  ['worker-2', 'second key'],
  ['keyless', ''],
])

test('a caller is identified only by a correct key', (t) => {
  const authenticate = createNodeAuthenticator({ findKeys: (id) => [keys.get(id) ?? []].flat() })
  t.is(authenticate({ nodeId: 'worker-1', apiKey: 'first key' }), 'worker-1')
  const refused = [
    ['worker-1', 'second key'],
    ['worker-1', 'first key '],
    ['worker-3', 'first key'],
    ['worker-1', ''],
    ['worker-1', undefined],
    ['', 'first key'],
    [undefined, 'first key'],
    [undefined, undefined],
    ['keyless', ''],
  ] as const
  for (const [nodeId, apiKey] of refused) t.is(authenticate({ nodeId, apiKey }), null, `${nodeId} ${apiKey}`)
})

test('every key of a node is accepted, and the matching one is reported', (t) => {
  const proved: string[] = []
  const findKeys = (id: string) => (id === 'worker-1' ? ['first key', 'second key', 'third key'] : [])
  const authenticate = createNodeAuthenticator({ findKeys, onProved: (id, key) => void proved.push(`${id} ${key}`) })
  for (const apiKey of ['first key', 'second key', 'third key', 'fourth key']) authenticate({ nodeId: 'worker-1', apiKey })
  t.is(authenticate({ nodeId: 'worker-2', apiKey: 'first key' }), null)
  t.deepEqual(proved, ['worker-1 first key', 'worker-1 second key', 'worker-1 third key'])
})

test('an unknown id, a wrong key and each right key cost the same comparisons', (t) => {
  const lengths: number[] = []
  const isEqual = (a: Buffer, b: Buffer): boolean => {
    lengths.push(a.length, b.length)
    return timingSafeEqual(a, b)
  }
  const nodes = new Map([
    ['one', ['first key']],
    ['all', ['first key', 'second key', 'third key']],
  ])
  const authenticate = createNodeAuthenticator({ findKeys: (id) => nodes.get(id) ?? [], isEqual })
  for (const nodeId of ['nobody', 'one', 'all']) {
    for (const apiKey of ['first key', 'third key', 'wrong', 'g'.repeat(512)]) {
      lengths.length = 0
      authenticate({ nodeId, apiKey })
      t.deepEqual(lengths, Array<number>(mostKeys * 2).fill(32), `${nodeId} ${apiKey}`)
    }
  }
})
