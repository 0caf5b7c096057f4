import { ensureTestImage } from '../helpers/docker.ts'
import { createRandom, killRounds } from '../helpers/kill-rounds.ts'
import { asTest, quantile, type BenchContext, type Figure } from './bench.ts'

/** Kills a node at random moments of random operations. Fails at the first round after which something is lost, left or untrue. */
export async function kills(context: BenchContext): Promise<Figure[]> {
  const seed = Date.now() & 0x7fffffff
  console.log(`kills: seed ${seed}`)
  await ensureTestImage()
  const done = await killRounds(asTest(context), { rounds: context.short ? 30 : 200, random: createRandom(seed) })
  const times = done.map(({ tookMs }) => tookMs)
  return [
    { name: 'rounds without a lost operation', value: done.length, unit: '' },
    { name: 'from the start to the end of what was cut off, p50', value: quantile(times, 0.5), unit: 'ms' },
    { name: 'from the start to the end of what was cut off, p95', value: quantile(times, 0.95), unit: 'ms' },
  ]
}
