import { callerOf } from '../helpers/http-caller.ts'
import { fuzz as send, type FuzzReport } from '../helpers/fuzz.ts'
import { graphqlInputs, restInputs } from '../helpers/fuzz-inputs.ts'
import type { BenchContext, Figure } from './bench.ts'
import { healthy, primaryId, startProbedPrimary } from './helpers/primary.ts'

/** A leak of a few kilobytes per request would exceed this. */
const mostGrowthMb = 40

/** Whether any input causes a server error, leaks internals or a secret, or stays in memory. Inputs differ per run. A fault names the seed. */
export async function fuzz(context: BenchContext): Promise<Figure[]> {
  const count = context.short ? 1000 : 20_000
  const seed = Date.now() & 0x7fffffff
  const primary = await startProbedPrimary(context)
  const { send: ask, graphql } = callerOf(primary.origin)
  const tokenOf = async (scope: string): Promise<Record<string, string>> => {
    const { data } = await graphql(`mutation { createApiToken(input: { name: "${scope}", scope: ${scope}, expiresInDays: 1 }) { secret } }`)
    return { authorization: `Bearer ${data.createApiToken.secret}` }
  }
  const callers = {
    admin: {},
    operator: await tokenOf('OPERATOR'),
    viewer: await tokenOf('VIEWER'),
    forger: { authorization: 'Bearer forged' },
  }
  const document = (await ask('/api/openapi.json')).json
  const common = { origin: primary.origin, callers, secrets: ['key-of-the-primary'] }
  const run = async (share: number, at: number): Promise<FuzzReport[]> => {
    const graphqlReport = await send({ ...common, inputs: graphqlInputs([primaryId]), count: Math.round(share * 0.6), seed: seed + at })
    const restReport = await send({ ...common, inputs: restInputs(document, [primaryId]), count: Math.round(share * 0.4), seed: seed + at })
    return [graphqlReport, restReport]
  }

  const started = performance.now()
  const reports: FuzzReport[] = []
  const part = async (at: number): Promise<void> => void reports.push(...(await run(count / 10, at)))
  // In parts, so that not all inputs are in memory at once. The first half fills the caches, which are limited.
  for (let at = 0; at < 5; at += 1) await part(at)
  const before = await primary.ask('heapMb', null)
  for (let at = 5; at < 10; at += 1) await part(at)
  const seconds = (performance.now() - started) / 1000
  const grown = (await primary.ask('heapMb', null)) - before
  await healthy(primary.origin, () => null)

  const faults = reports.flatMap((report) => report.faults)
  if (faults.length > 0) throw new Error(`${faults.length} faults with seed ${seed}:\n${faults.slice(0, 5).join('\n')}`)
  if (grown > mostGrowthMb) throw new Error(`The heap has grown by ${grown.toFixed(0)} MB, seed ${seed}`)
  const total = (of: (report: FuzzReport) => number): number => reports.reduce((sum, report) => sum + of(report), 0)
  return [
    { name: 'inputs', value: count, unit: 'inputs', note: 'as admin, operator, viewer and anonymous' },
    { name: 'server errors, leaked internals and secrets', value: 0, unit: 'faults' },
    { name: 'valid GraphQL documents that ran', value: total(({ withData }) => withData), unit: 'documents' },
    { name: 'refused by a rate limit', value: total(({ statuses }) => statuses[429] ?? 0), unit: 'inputs' },
    { name: 'heap growth in the second half', value: Math.max(0, grown), unit: 'MB' },
    { name: 'speed', value: count / seconds, unit: '/s' },
  ]
}
