import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { AppError } from '../../api/errors.ts'
import { ensureTestImage } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { appName, nodeOf, web } from '../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

test("a file can refer to other files in its app's folder, which stay unchanged", async (t) => {
  const { apps, appsDir, outcome } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web() })
  t.is((await outcome(created)).status, 'succeeded')
  const composeContent = `${web("    env_file: .env\n    ports: ['127.0.0.1:${PORT:?}:80']\n")}  more:\n    extends: { file: parts/base.yaml, service: base }\n`
  await t.throwsAsync(apps.update(created.app.id, { composeContent }), { code: 'INVALID_INPUT' }, 'refused until the files exist')
  const files = { '.env': `PORT=${await freePort()}\n`, 'parts/base.yaml': web().replace('web:', 'base:') }
  mkdirSync(join(appsDir, name, 'parts'))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(appsDir, name, file), text)
  const ended = await outcome(await apps.update(created.app.id, { composeContent }))
  t.is(ended.status, 'succeeded', ended.error ?? '')
  // The environment is written to `.env`, so what was there is kept under another name.
  const kept = { ...files, '.env': undefined, '.env.original': files['.env'] }
  for (const [file, text] of Object.entries(kept)) if (text) t.is(readFileSync(join(appsDir, name, file), 'utf8'), text)
  t.deepEqual(readdirSync(appsDir), [name], 'no draft is left behind')
})

test('simultaneous checks do not affect each other, change the file or reveal its folder', async (t) => {
  const { apps, appsDir, outcome } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web() })
  t.is((await outcome(created)).status, 'succeeded')
  const attempts = ['one', 'two', 'three'].map(async (option) => {
    const error = await t.throwsAsync(apps.update(created.app.id, { composeContent: web(`    ${option}: true\n`) }), {
      code: 'INVALID_INPUT',
    })
    const message = (error as AppError).fields[0]?.message ?? ''
    t.regex(message, new RegExp(`^line 4: .*${option}`, 's'))
    t.notRegex(message, /\.draft-|\/apps\/|tmp/)
  })
  await Promise.all(attempts)
  t.is(readFileSync(join(appsDir, name, 'compose.yaml'), 'utf8'), web())
  t.deepEqual(readdirSync(appsDir), [name])
})

test('removes drafts left by a killed program at the next start', async (t) => {
  const first = await nodeOf(t)
  mkdirSync(join(first.appsDir, '.draft-abc'), { recursive: true })
  writeFileSync(join(first.appsDir, '.draft-abc', 'compose.yaml'), web())
  mkdirSync(join(first.appsDir, 'other'))
  await first.stop()
  await first.database.close(true)
  const { appsDir } = await nodeOf(t, { folder: first.folder })
  t.deepEqual(readdirSync(appsDir), ['other'])
})
