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

// The guess is long, so that a skipped comparison would show as a hundredth of the time.
for (const known of [1, mostKeys])
  test(`an unknown id takes as long as a wrong key for a node with ${known}`, (t) => {
    const keys = ['k', 'l', 'm'].slice(0, known).map((letter) => letter.repeat(43))
    const authenticate = createNodeAuthenticator({ findKeys: (id) => (id === 'known' ? keys : []) })
    const guess = { known: { nodeId: 'known', apiKey: 'g'.repeat(512) }, unknown: { nodeId: 'other', apiKey: 'g'.repeat(512) } }
    const time = (who: 'known' | 'unknown'): bigint => {
      const from = process.hrtime.bigint()
      for (let i = 0; i < 200; i++) authenticate(guess[who])
      return process.hrtime.bigint() - from
    }
    const fastest = { known: time('known'), unknown: time('unknown') }
    for (let round = 0; round < 50; round++) {
      for (const who of ['known', 'unknown'] as const) {
        const taken = time(who)
        if (taken < fastest[who]) fastest[who] = taken
      }
    }
    const ratio = Number(fastest.unknown) / Number(fastest.known)
    t.log(`unknown / known: ${ratio.toFixed(3)}`)
    t.true(ratio > 0.7 && ratio < 1.4, `${ratio}`)
  })
