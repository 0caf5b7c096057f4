import test from 'ava'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { systemClock } from '../../api/clock.ts'
import { createEngineTerminals } from '../../api/docker/engine-terminals.ts'
import { runningContainer } from '../helpers/terminal.ts'

test("what a killed program's terminals ran is ended at its next start, and nothing of another node", async (t) => {
  const container = await runningContainer(t)
  const [ours, theirs] = [randomUUID(), randomUUID()]
  const before = createEngineTerminals({ clock: systemClock })
  const run = (mark: string, ...command: string[]) =>
    before.run(container.id, { command, mark: `${mark}/${randomUUID()}`, cols: 80, rows: 24 })
  const programs = [
    await run(ours, 'sleep', '4801'),
    // It does not end when it is hung up.
    await run(ours, 'sh', '-c', 'trap "" HUP; while true; do sleep 1; done # 4802'),
    await run(theirs, 'sleep', '4803'),
    // What it started in the background is left behind by a shell that is hung up.
    await run(ours, 'sh', '-c', 'sleep 4804 & sleep 4805'),
  ]
  const words = ['4801', '4802', '4803', '4804']
  const here = async () => {
    const lines = await container.processes()
    return words.filter((word) => lines.some((line) => line.includes(word)))
  }
  while ((await here()).length < 4);
  for (const { stream } of programs) stream.destroy()
  t.is((await here()).length, 4, 'Docker lets a program run on whose terminal is gone')

  const next = createEngineTerminals({ clock: systemClock })
  /** Waits between looks do not keep a process alive. */
  const end = async (mark: string): Promise<number> => {
    let count: number | undefined
    const ending = next.endMarked(mark).then((ended) => (count = ended))
    while (count === undefined) await here()
    return ending
  }
  t.is(await end(`${ours}/`), 1)
  t.deepEqual(await here(), ['4803'])
  t.is(await end(`${ours}/`), 0)
  t.is(await end(theirs), 1)
  t.deepEqual(await here(), [])
})

for (const [fate, change] of [
  ['stopped', 'kill'],
  ['removed', 'remove'],
  ['restarted', 'restart'],
] as const)
  test(`a program says that its container was ${fate} meanwhile`, async (t) => {
    const container = await runningContainer(t)
    const engine = createEngineTerminals({ clock: systemClock })
    const program = await engine.run(container.id, { command: ['sh'], mark: randomUUID(), cols: 80, rows: 24 })
    const ended = once(program.stream.resume(), 'end')
    const target = container.docker.getContainer(container.id)
    await (change === 'remove' ? target.remove({ force: true }) : change === 'restart' ? target.restart({ t: 0 }) : target.kill())
    await ended
    // The Engine has answered before it has noticed.
    if (change === 'kill') await target.wait()
    t.is((await program.exit('')).fate, fate)
  })
