import { json } from 'node:stream/consumers'
import { pino } from 'pino'
import { systemClock } from '../../api/clock.ts'
import { createEngine } from '../../api/docker/engine.ts'
import { askEngine } from '../helpers/docker.ts'
import { median, type BenchContext, type Figure } from './bench.ts'

const requests = 50

/** CPU time of one container list from a real Engine: with a bare `node:http` request, and with the program, alone and with open streams. */
export async function docker(context: BenchContext): Promise<Figure[]> {
  const [rounds, streams] = context.short ? [2, 10] : [7, 100]
  const engine = createEngine({ log: pino({ level: 'silent' }), clock: systemClock })
  const bare = async () => json(await askEngine('/containers/json?all=true', false))
  const list = () => engine.containers()
  const openStreams = async (): Promise<{ end(): Promise<void> }> => {
    let closed = streams
    const { promise: allOpen, resolve, reject } = Promise.withResolvers<void>()
    const onUp = (): void => {
      closed -= 1
      if (closed === 0) resolve()
    }
    const onDown = (reason: string): void => reject(new Error(reason))
    const ends = Array.from({ length: streams }, () => engine.watch({ onUp, onDown, onContainerEvent: () => {} }))
    const all = context.own({ end: async () => ends.forEach((end) => end()) })
    await allOpen
    return all
  }
  // Warm up both before measuring. Without an Engine this fails with an error.
  await list()
  await bare()

  const times = { bare: [] as number[], alone: [] as number[], beside: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    times.bare.push(await cpuMsPerRequest(bare))
    times.alone.push(await cpuMsPerRequest(list))
    const opened = await openStreams()
    times.beside.push(await cpuMsPerRequest(list))
    await opened.end()
  }
  const figure = (name: string, of: number[]): Figure => ({ name, value: median(of), unit: 'ms', note: 'CPU time per request' })
  return [
    figure('a bare node:http request', times.bare),
    figure('the program', times.alone),
    figure(`the program, with ${streams} open streams`, times.beside),
    { name: 'the program / bare', value: median(times.alone) / median(times.bare), unit: 'x' },
    { name: `with ${streams} open streams / without`, value: median(times.beside) / median(times.alone), unit: 'x' },
  ]
}

async function cpuMsPerRequest(ask: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  for (let count = 0; count < requests; count += 1) await ask()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / requests
}
