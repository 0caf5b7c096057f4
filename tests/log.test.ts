import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import test from 'ava'

const module = new URL('../api/log.ts', import.meta.url).href

/** The lines that a program prints when it runs this script with its log. Its output is a pipe that nobody reads until it is full. */
async function printed(script: string, pretty = false): Promise<string[]> {
  const code = `
    const { createLog, createLogOutput } = await import(${JSON.stringify(module)})
    const output = await createLogOutput({ pretty: ${pretty} })
    const log = createLog({ level: 'info', output })
    ${script}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  return (await text(child.stdout)).trimEnd().split('\n')
}

const longLines = `for (let line = 0; line < 4; line += 1) log.info({ line, text: 'x'.repeat(100_000) }, 'a long line')`

for (const pretty of [false, true]) {
  test(`text printed after a log line comes after it${pretty ? ', on a terminal' : ''}`, async (t) => {
    const lines = await printed(`${longLines}; output.print('open http://localhost:8080/#code=abc\\n')`, pretty)
    t.is(lines.length, 5)
    t.is(lines.at(-1), 'open http://localhost:8080/#code=abc')
    t.true(lines.slice(0, 4).every((line) => line.includes('a long line')))
  })

  test(`the last lines before an exit are printed${pretty ? ', on a terminal' : ''}`, async (t) => {
    const lines = await printed(`${longLines}; log.info('stopped'); process.exit(0)`, pretty)
    t.is(lines.filter((line) => /a long line|stopped/.test(line)).length, 5)
  })
}

test('a program whose log nobody reads any more ends all the same', async (t) => {
  const script = `
    const { createLogOutput } = await import(${JSON.stringify(module)})
    const output = await createLogOutput({ pretty: false })
    output.print('ready')
    process.stdin.on('end', async () => {
      output.print('nobody reads this')
      await output.end()
      output.print('nor this')
      process.exit(3)
    }).resume()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['pipe', 'pipe', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  child.stdin.end()
  t.deepEqual(await once(child, 'exit'), [3, null])
})
