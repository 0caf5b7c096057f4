import test from 'ava'
import { randomUUID } from 'node:crypto'
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
  ]
  const words = ['4801', '4802', '4803']
  const here = async () => {
    const lines = await container.processes()
    return words.filter((word) => lines.some((line) => line.includes(word)))
  }
  while ((await here()).length < 3);
  for (const { stream } of programs) stream.destroy()
  t.is((await here()).length, 3, 'Docker lets a program run on whose terminal is gone')

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
