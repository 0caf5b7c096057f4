import { once, type EventEmitter } from 'node:events'
import { openTerminal, runningContainer } from '../helpers/terminal.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'
import { asTest, median, quantile, type BenchContext, type Figure } from './bench.ts'

/** A program that gives back each key at once. */
const echo = ['sh', '-c', 'stty raw -echo; exec cat']

/** From a key to its echo: with `docker exec`'s own connection, and in a terminal over a link, alone and beside one that floods. In turns. */
export async function terminal(context: BenchContext): Promise<Figure[]> {
  const keys = context.short ? 50 : 1000
  const t = asTest(context)
  const primary = await runningNode(t)
  const node = await runningSecondary(t, primary, { NODE_CONNECTION: 'link', NODE_API_ENDPOINT: 'http://127.0.0.1:9' })
  await primary.services.membership.welcome({ id: node.id, name: 'worker', apiEndpoint: 'http://127.0.0.1:9', apiKey: node.key })
  await until(() => primary.services.members.registry.find(node.id)?.about?.capabilities.includes('terminals') === true)
  const container = await runningContainer(t)

  const exec = await container.docker
    .getContainer(container.id)
    .exec({ Cmd: echo, Tty: true, AttachStdin: true, AttachStdout: true, AttachStderr: true })
  const bare = await exec.start({ hijack: true, stdin: true, Tty: true })
  context.own({ end: async () => void bare.destroy() })
  const command = echo.map((each) => `command=${encodeURIComponent(each)}`).join('&')
  const ours = await openTerminal(primary, node.id, container.id, command)
  await ours.session()

  const times = { bare: [] as number[], ours: [] as number[], beside: [] as number[] }
  const viaExec = () => timed(() => bare.write('a'), bare, 'data')
  const viaLink = () => timed(() => ours.type('a'), ours.socket, 'message')
  for (let warm = 0; warm < 20; warm += 1) {
    await viaExec()
    await viaLink()
  }
  for (let key = 0; key < keys; key += 1) {
    times.bare.push(await viaExec())
    times.ours.push(await viaLink())
  }
  const flood = await openTerminal(primary, node.id, container.id, 'command=yes')
  let written = 0
  flood.socket.on('message', (data: Buffer) => (written += data.length))
  const begun = performance.now()
  const heard = lateness(() => primary.services.feed.streams.heardAt(node.id))
  for (let key = 0; key < keys; key += 1) times.beside.push(await viaLink())
  const seconds = (performance.now() - begun) / 1000
  const latest = heard()
  flood.socket.close(1000)
  ours.socket.close(1000)

  const figures = (name: string, of: number[]): Figure[] => [
    { name: `${name}: median`, value: median(of), unit: 'ms' },
    { name: `${name}: p99`, value: quantile(of, 0.99), unit: 'ms', note: `${of.length} keys` },
  ]
  return [
    ...figures('docker exec', times.bare),
    ...figures('a terminal over a link', times.ours),
    ...figures('beside a terminal that floods', times.beside),
    { name: 'p99 more than docker exec', value: quantile(times.ours, 0.99) - quantile(times.bare, 0.99), unit: 'ms', note: 'goal: 15' },
    { name: 'what the flood sent', value: written / seconds / 1e6, unit: 'MB/s' },
    { name: 'longest without a sign of the node meanwhile', value: latest, unit: 'ms', note: 'one comes every 2 s' },
  ]
}

async function timed(type: () => unknown, from: EventEmitter, event: string): Promise<number> {
  const heard = once(from, event)
  const begun = performance.now()
  type()
  await heard
  return performance.now() - begun
}

/** @returns a function that stops watching and says the longest time in ms in which the primary did not hear from a node */
function lateness(heardAt: () => Date | null): () => number {
  let longest = 0
  const timer = setInterval(() => {
    const seen = heardAt()
    if (seen) longest = Math.max(longest, Date.now() - seen.getTime())
  }, 50)
  return () => {
    clearInterval(timer)
    return longest
  }
}
