import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { AppError } from '../../../api/errors.ts'
import { AppEntity } from '../../../api/apps/app.entity.ts'
import { AppVersionEntity } from '../../../api/apps/versions/app-version.entity.ts'
import { appName, nodeOf, web } from '../../helpers/own-apps.ts'
import { until } from '../../helpers/until.ts'

const quiet = '    network_mode: none\n'
const admin = (more = ''): string => web(`${quiet}    cap_add: [sys_admin${more}]\n`)

const refusal = async (asked: Promise<unknown>): Promise<AppError> => {
  try {
    await asked
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was not refused')
}

test('a file that asks for too much is refused by name, rule, place and line, and nothing happens', async (t) => {
  const { apps } = await nodeOf(t)
  const name = appName(t)
  const error = await refusal(apps.create({ name, composeContent: admin(', net_raw') }))
  t.is(error.code, 'POLICY_VIOLATION')
  t.deepEqual(error.fields, [
    {
      field: 'composeContent',
      message:
        'line 5: services.web.cap_add[0] (capability): The service "web" would have the capability SYS_ADMIN, which Docker does not give to containers. An administrator can allow it with allow: ["capability:SYS_ADMIN"]',
    },
  ])
  t.deepEqual(apps.list(), [])
})

test('an allowance covers the service and the value it was given for, and nothing else', async (t) => {
  const { apps, outcome } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: admin(), allow: ['capability:cap_sys_admin'] }, 'ada')
  const { id } = created.app
  t.is((await outcome(created)).status, 'succeeded')
  t.like(apps.get(id).allowances, [{ rule: 'capability', detail: 'SYS_ADMIN', service: 'web', by: 'ada' }])
  // Only a version with a verdict can be gone back to.
  await apps.versions.settle(id, 1, 'healthy')

  t.is((await refusal(apps.update(id, { composeContent: admin(', NET_ADMIN') }))).fields.length, 1, 'another value')
  const other = `${admin()}  other: { image: nginx, network_mode: none, cap_add: [SYS_ADMIN] }\n`
  t.regex((await refusal(apps.update(id, { composeContent: other }))).message, /services\.other\.cap_add/, 'another service')
  t.like(apps.get(id), { version: 1, allowances: [{ detail: 'SYS_ADMIN' }] })

  t.is((await outcome(await apps.update(id, { composeContent: web(quiet) }))).status, 'succeeded')
  t.deepEqual(apps.get(id).allowances, [], 'what a file does not need is not kept')
  t.is((await refusal(apps.update(id, { composeContent: admin() }))).code, 'POLICY_VIOLATION')
  t.is((await outcome(await apps.rollbackApp(id, { version: 1 }))).status, 'succeeded', 'going back brings back what was allowed')
  t.like(apps.get(id), { version: 3, allowances: [{ detail: 'SYS_ADMIN', by: 'ada' }] })
})

test('a rule alone allows what this file needs of it; a word that is no rule is named', async (t) => {
  const { apps } = await nodeOf(t)
  const name = appName(t)
  const composeContent = admin(', NET_ADMIN')
  t.is((await refusal(apps.create({ name, composeContent, allow: ['capabilty'] }))).code, 'INVALID_INPUT')
  const { app } = await apps.create({ name, composeContent, allow: ['capability'] }, 'ada')
  t.deepEqual(
    app.allowances.map(({ detail }) => detail),
    ['SYS_ADMIN', 'NET_ADMIN'],
  )
})

test('what is allowed but not asked for is named in a warning, while typing and of the operation', async (t) => {
  const { apps } = await nodeOf(t)
  const allow = ['capability:NET_ADMIN', 'capability:sys_admin', 'device']
  const draft = { name: appName(t), composeContent: admin(), allow }
  const told = ['capability:NET_ADMIN', 'device'].map((word) => `"${word}" in allow has no effect: nothing in this app asks for it`)
  const messages = ({ warnings }: { warnings: { message: string }[] }) => warnings.map(({ message }) => message)
  t.deepEqual(messages(await apps.validate(draft)), told)
  t.deepEqual(messages((await apps.create(draft, 'ada')).operation), told)
  const { app } = await apps.create({ ...draft, name: appName(t), allow: ['capability'] }, 'ada')
  const again = { composeContent: admin(), allow: ['capability:SYS_ADMIN', 'bind-mount:/etc'] }
  t.deepEqual(messages((await apps.update(app.id, again, 'ada')).operation), [
    '"bind-mount:/etc" in allow has no effect: nothing in this app asks for it',
  ])
})

test('what was checked is what runs: a link that leads elsewhere since is refused at the start', async (t) => {
  const { apps, outcome, appsDir } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web(`${quiet}    volumes: [./data:/data]\n`) })
  const { id } = created.app
  t.is((await outcome(created)).status, 'succeeded')
  t.is((await outcome(await apps.stopApp(id))).status, 'succeeded')
  const data = join(appsDir, name, 'data')
  rmSync(data, { recursive: true, force: true })
  symlinkSync('/etc', data)
  const { status, error } = await outcome(await apps.startApp(id))
  t.is(status, 'failed')
  t.regex(error ?? '', /services\.web\.volumes\[0\] \(bind-mount\): .* \/etc on the host/)

  rmSync(data)
  mkdirSync(data)
  t.is((await outcome(await apps.startApp(id))).status, 'succeeded')
})

test('paths of this node that are allowed to all apps, and a node without the policy', async (t) => {
  const composeContent = web(`${quiet}    volumes: [/usr/share:/a:ro]\n`)
  const strict = await nodeOf(t)
  t.is((await refusal(strict.apps.create({ name: appName(t), composeContent }))).code, 'POLICY_VIOLATION')
  const some = await nodeOf(t, { policy: { isOpen: false, allowedPaths: ['/usr'] } })
  t.deepEqual((await some.apps.create({ name: appName(t), composeContent })).app.allowances, [])
  t.is((await refusal(some.apps.create({ name: appName(t), composeContent: admin() }))).code, 'POLICY_VIOLATION')
  const open = await nodeOf(t, { policy: { isOpen: true, allowedPaths: [] } })
  const { ok, findings, warnings } = await open.apps.validate({ name: appName(t), composeContent: admin() })
  t.like({ ok, findings, warnings }, { ok: true, findings: [], warnings: [{ line: null }] })
  t.regex(warnings[0]?.message ?? '', /^The safety policy of this node is off \(COMPOSE_POLICY=open\)/)
  t.is((await open.outcome(await open.apps.create({ name: appName(t), composeContent: admin() }))).status, 'succeeded')
})

test('an app from before the policy goes on with what it had, and that is listed', async (t) => {
  const first = await nodeOf(t, { policy: { isOpen: true, allowedPaths: [] } })
  const name = appName(t)
  const created = await first.apps.create({ name, composeContent: admin() })
  const { id } = created.app
  t.is((await first.outcome(created)).status, 'succeeded')
  await first.stop()
  // As the migration leaves it.
  await first.database.em.fork().nativeUpdate(AppEntity, { id }, { allowances: null, modelHash: null })
  await first.database.em.fork().nativeUpdate(AppVersionEntity, { appId: id }, { allowances: null, modelHash: null })

  const { apps, outcome } = await nodeOf(t, { folder: first.folder })
  await until(() => apps.get(id).allowances.length === 1)
  t.like(apps.get(id).allowances, [{ rule: 'capability', detail: 'SYS_ADMIN', service: 'web', by: 'upgrade' }])
  t.is((await outcome(await apps.startApp(id))).status, 'succeeded')
  t.is((await refusal(apps.update(id, { composeContent: admin(', NET_ADMIN') }))).code, 'POLICY_VIOLATION')
})
