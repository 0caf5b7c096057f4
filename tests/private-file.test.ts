import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { readOrMakePrivateFile } from '../api/private-file.ts'
import { dataFolder } from './helpers/data-folder.ts'

const run = promisify(execFile)

test('processes that create the same file at once all get the same text', async (t) => {
  const folder = dataFolder(t)
  const module = new URL('../api/private-file.ts', import.meta.url).href
  // Each process creates many files in the same order, so they collide at some of them.
  const script = `
    const { readOrMakePrivateFile } = await import(${JSON.stringify(module)})
    while (Date.now() < Number(process.argv[2])) {}
    const texts = Array.from({ length: 50 }, (_, i) => readOrMakePrivateFile(process.argv[1] + '/' + i, () => String(process.pid)))
    console.log(JSON.stringify(texts))`
  const at = String(Date.now() + 500)
  const results = await Promise.all(
    Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '--eval', script, folder, at])),
  )
  for (const { stdout } of results) t.is(stdout, results[0]?.stdout ?? '')
  t.is(readdirSync(folder).length, 50, 'no draft is left')
})

test('if another process creates the file first, its text wins', (t) => {
  const path = join(dataFolder(t), 'secret')
  const text = readOrMakePrivateFile(path, () => {
    readOrMakePrivateFile(path, () => 'theirs')
    return 'ours'
  })
  t.is(text, 'theirs')
})
