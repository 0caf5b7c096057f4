import test from 'ava'
import { ensureTestImage } from '../helpers/docker.ts'
import { createRandom, killRounds } from '../helpers/kill-rounds.ts'

test.before(() => ensureTestImage())

test('a node killed at random moments of random operations finishes each of them and says what Docker says', async (t) => {
  t.timeout(240_000)
  const seed = Date.now() & 0x7fffffff
  t.log(`seed ${seed}`)
  const done = await killRounds(t, { rounds: 3, random: createRandom(seed) })
  t.is(done.length, 3)
})
