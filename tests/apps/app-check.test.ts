import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { AppError } from '../../api/errors.ts'
import { ensureTestImage, testImage } from '../helpers/docker.ts'
import { appName, nodeOf, web } from '../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

const base = `services:\n  base:\n    image: ${testImage}\n    environment: { FROM_BASE: 'yes' }\n`

/** What a file may name of the folder that it will be in. */
const namesFiles: Record<string, { files: Record<string, string>; content: string; passesWithout?: true }> = {
  env_file: { files: { '.env': 'A=1\n', 'more.env': 'B=2\n' }, content: web('    env_file: [.env, more.env]\n') },
  'a variable that has to be set': { files: { '.env': 'FOO=x\n' }, content: web('    environment: { FOO: "${FOO:?set it}" }\n') },
  'a port from a variable': {
    files: { '.env': 'PORT=18081\n' },
    content: web("    ports: ['127.0.0.1:${PORT}:80']\n"),
    passesWithout: true,
  },
  'extends from another file': {
    files: { 'parts/base.yaml': base },
    content: 'services:\n  web:\n    extends: { file: parts/base.yaml, service: base }\n',
  },
}

for (const [what, { files, content, passesWithout }] of Object.entries(namesFiles)) {
  test(`${what}: passes where the file is there, and the app keeps all its files`, async (t) => {
    const { apps, appsDir, outcome } = await nodeOf(t)
    const name = appName(t)
    const folder = join(appsDir, name)
    const created = await apps.create({ name, composeContent: web() })
    t.is((await outcome(created)).status, 'succeeded')
    if (!passesWithout) await t.throwsAsync(apps.update(created.app.id, { composeContent: content }), { code: 'INVALID_INPUT' })
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(join(folder, file, '..'), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    const ended = await outcome(await apps.update(created.app.id, { composeContent: content }))
    t.is(ended.status, 'succeeded', ended.error ?? '')
    for (const [file, text] of Object.entries(files)) t.is(readFileSync(join(folder, file), 'utf8'), text)
    t.deepEqual(readdirSync(appsDir), [name], 'no draft is left')
  })
}

test('checks at once do not see one another, leave the file alone, and say nothing of where it is', async (t) => {
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

test('a draft that a killed program left behind goes at the next start', async (t) => {
  const first = await nodeOf(t)
  mkdirSync(join(first.appsDir, '.draft-abc'), { recursive: true })
  writeFileSync(join(first.appsDir, '.draft-abc', 'compose.yaml'), web())
  mkdirSync(join(first.appsDir, 'other'))
  await first.stop()
  await first.database.close(true)
  const { appsDir } = await nodeOf(t, { folder: first.folder })
  t.deepEqual(readdirSync(appsDir), ['other'])
})
