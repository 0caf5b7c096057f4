import { spawn } from 'node:child_process'
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
