import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ensureTestImage } from '../../helpers/docker.ts'
import { appName, nodeOf, web } from '../../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

test('a good draft is ok, and checking it changes nothing', async (t) => {
  const { apps, appsDir } = await nodeOf(t)
  const composeContent = web('    ports: ["${PORT:-8080}:80"]\n')
  const checked = await apps.validate({ name: appName(t), composeContent })
  t.like(checked, { ok: true, problems: [], warnings: [], variables: [{ name: 'PORT', default: '8080', required: false, isSet: false }] })
  t.regex(checked.resolved ?? '', /^ {2}web:\n(?: {4}.*\n)*? {4}ports:\n(?:.*\n)*?.*8080/m)
  t.deepEqual(readdirSync(appsDir), [])
  t.deepEqual(apps.list(), [])
})

test('a draft of an app is checked under its name and leaves its file alone', async (t) => {
  const { apps, appsDir, outcome } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web() })
  await outcome(created)
  const draft = { appId: created.app.id, name: '', composeContent: web('    prots: ["80:80"]\n') }
  const { ok, problems } = await apps.validate(draft)
  t.false(ok)
  t.like(problems, [{ line: 4, column: 5, service: 'web' }])
  t.regex(problems[0]?.message ?? '', /Did you mean "ports"\?/)
  t.is(readFileSync(join(appsDir, name, 'compose.yaml'), 'utf8'), web())
  await t.throwsAsync(apps.validate({ ...draft, appId: '00000000-0000-4000-8000-000000000000' }), { code: 'NOT_FOUND' })
})

test('a bad name and a bad file are both reported', async (t) => {
  const { apps } = await nodeOf(t)
  const { ok, problems } = await apps.validate({ name: 'No Name', composeContent: 'services:\n  web: [1\n' })
  t.false(ok)
  t.regex(problems[0]?.message ?? '', /^the name can only contain/)
  t.is(problems[1]?.line, 3)
})

test('a check that nobody waits for ends', async (t) => {
  const { apps } = await nodeOf(t)
  const leave = new AbortController()
  const check = apps.validate({ name: appName(t), composeContent: web() }, leave.signal)
  leave.abort()
  await t.throwsAsync(check, { name: 'AbortError' })
})

test('what has no effect is a warning while typing, and of the operation that accepts it', async (t) => {
  const { apps } = await nodeOf(t)
  const draft = { name: appName(t), composeContent: `name: other\n${web()}`, profiles: ['debug'] }
  const told = [
    { line: 1, message: `"other" is not used: the Compose project of an app is named like the app, "${draft.name}"` },
    { line: 2, message: 'no service has the active profile "debug"' },
  ]
  t.like(await apps.validate(draft), { ok: true, warnings: told })
  t.like((await apps.create(draft)).operation, { warnings: told })
})
