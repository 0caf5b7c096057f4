import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createSecretBox } from '../../api/auth/secret-box.ts'
import { StartError } from '../../api/errors.ts'
import { SettingEntity } from '../../api/settings/setting.entity.ts'
import { createSettingsService } from '../../api/settings/settings-service.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'

const token = 'recognisable-token-of-cloudflare-a1b2'
const none = { cloudflareApiToken: null, cloudflareAccountId: null, primaryUrl: null }

type Check = Parameters<typeof createSettingsService>[0]['checkCloudflare']

async function settingsOf(t: ExecutionContext<unknown>, given: { path?: string; key?: Buffer; readOnly?: boolean; check?: Check } = {}) {
  const { path = join(dataFolder(t), 'selfhostly.db'), key = randomBytes(32), readOnly = false, check = () => Promise.resolve([]) } = given
  const database = await testDatabase(t, path)
  const clock = createManualClock()
  const changes: string[] = []
  const settings = createSettingsService({
    em: database.em,
    ...createSecretBox(key),
    clock,
    readOnly,
    checkCloudflare: (account) => check(account),
    onChange: () => void changes.push(settings.version()),
  })
  const restart = async (again: { key?: Buffer } = {}) => {
    await database.close(true)
    return settingsOf(t, { path, key, ...again })
  }
  return { settings, database, clock, changes, path, restart }
}

test('no setting is set at first', async (t) => {
  const { settings, changes } = await settingsOf(t)
  await settings.start({})
  t.deepEqual(settings.read(), none)
  t.deepEqual(settings.masked(), none)
  t.deepEqual(changes, [])
})

test('the environment gives the initial value, and later changes win', async (t) => {
  const first = await settingsOf(t)
  await first.settings.start({ cloudflareApiToken: token, cloudflareAccountId: 'from-env' })
  t.deepEqual(first.settings.read(), { cloudflareApiToken: token, cloudflareAccountId: 'from-env', primaryUrl: null })
  await first.settings.update({ cloudflareAccountId: 'changed' })

  const second = await first.restart()
  await second.settings.start({ cloudflareApiToken: 'another-token-from-env', cloudflareAccountId: 'from-env' })
  t.deepEqual(second.settings.read(), { cloudflareApiToken: token, cloudflareAccountId: 'changed', primaryUrl: null })
})

test('a removed setting does not come back from the environment', async (t) => {
  const first = await settingsOf(t)
  await first.settings.start({ cloudflareApiToken: token, cloudflareAccountId: 'from-env' })
  await first.settings.update({ cloudflareApiToken: null })
  const second = await first.restart()
  await second.settings.start({ cloudflareApiToken: token, cloudflareAccountId: 'from-env' })
  t.deepEqual(second.settings.read(), { cloudflareApiToken: null, cloudflareAccountId: 'from-env', primaryUrl: null })
})

test('an update keeps undefined fields, removes null and empty ones, and trims spaces', async (t) => {
  const { settings } = await settingsOf(t)
  await settings.start({ cloudflareApiToken: token, cloudflareAccountId: 'account' })
  await settings.update({})
  await settings.update({ cloudflareAccountId: '  other  ' })
  t.deepEqual(settings.read(), { cloudflareApiToken: token, cloudflareAccountId: 'other', primaryUrl: null })
  await settings.update({ cloudflareApiToken: '', cloudflareAccountId: null })
  t.deepEqual(settings.read(), none)
})

test('a value too long for nodes is refused by name and changes nothing', async (t) => {
  const { settings, changes } = await settingsOf(t)
  await settings.start({})
  const error = await t.throwsAsync(settings.update({ cloudflareAccountId: 'x'.repeat(10_001), cloudflareApiToken: token }))
  t.like(error, { code: 'INVALID_INPUT', message: 'cloudflareAccountId: has 10001 characters. The maximum is 10000' })
  t.deepEqual([settings.read(), changes], [none, []])
})

test('people see at most four characters of a secret, and none of a short one', async (t) => {
  const { settings } = await settingsOf(t)
  await settings.start({ cloudflareApiToken: token, cloudflareAccountId: 'account' })
  t.deepEqual(settings.masked(), { cloudflareApiToken: '********a1b2', cloudflareAccountId: 'account', primaryUrl: null })
  await settings.update({ cloudflareApiToken: 'short' })
  t.is(settings.masked().cloudflareApiToken, '********')
})

test('a masked secret sent back overwrites nothing', async (t) => {
  const { settings, changes } = await settingsOf(t)
  await settings.start({ cloudflareApiToken: token })
  const told = changes.length
  await settings.update({ ...settings.masked() })
  t.is(settings.read().cloudflareApiToken, token)
  t.is(changes.length, told)
  await settings.update({ ...settings.masked(), cloudflareAccountId: 'account' })
  t.deepEqual(settings.read(), { cloudflareApiToken: token, cloudflareAccountId: 'account', primaryUrl: null })
})

test('every value is sealed in every file and readable after a restart', async (t) => {
  const first = await settingsOf(t)
  await first.settings.start({})
  await first.settings.update({ cloudflareApiToken: token, cloudflareAccountId: 'recognisable-account' })
  for (const file of [first.path, `${first.path}-wal`]) {
    if (existsSync(file)) t.false(readFileSync(file, 'latin1').includes('recognisable'), file)
  }
  const second = await first.restart()
  await second.settings.start({})
  t.deepEqual(second.settings.read(), { cloudflareApiToken: token, cloudflareAccountId: 'recognisable-account', primaryUrl: null })
})

test('a sealed value opens only as the setting it was sealed for', async (t) => {
  const first = await settingsOf(t)
  await first.settings.start({ cloudflareApiToken: token, cloudflareAccountId: 'account' })
  const em = first.database.em.fork()
  const { value } = await em.findOneOrFail(SettingEntity, { key: 'cloudflareApiToken' })
  await em.nativeUpdate(SettingEntity, { key: 'cloudflareAccountId' }, { value })
  const second = await first.restart()
  await t.throwsAsync(second.settings.start({}), { instanceOf: StartError })
})

test('a different secret key stops the start with a clear message', async (t) => {
  const first = await settingsOf(t)
  await first.settings.start({ cloudflareApiToken: token })
  const second = await first.restart({ key: randomBytes(32) })
  await t.throwsAsync(second.settings.start({}), { instanceOf: StartError, message: /^SECRET_KEY: / })
})

test('the version changes with every change, even at the same moment, and survives a restart', async (t) => {
  const first = await settingsOf(t)
  await first.settings.start({ cloudflareApiToken: token })
  const versions = [first.settings.version()]
  for (const cloudflareAccountId of ['one', 'two', null, 'one']) {
    await first.settings.update({ cloudflareAccountId })
    versions.push(first.settings.version())
  }
  t.is(new Set(versions).size, 5)
  await first.settings.update({ cloudflareAccountId: 'one' })
  t.true(versions.at(-1) === first.settings.version())
  t.deepEqual(first.changes, versions)
  const second = await first.restart()
  await second.settings.start({ cloudflareApiToken: 'another-token-from-env' })
  t.true(versions.at(-1) === second.settings.version())
})

test('a value that could not be written is not used', async (t) => {
  const { settings, database, changes } = await settingsOf(t)
  await settings.start({ cloudflareAccountId: 'account' })
  const told = changes.length
  await database.em.getConnection().execute(`create trigger full before insert on settings begin select raise(abort, 'disk is full'); end`)
  await t.throwsAsync(settings.update({ cloudflareApiToken: token, cloudflareAccountId: 'other' }), { message: /disk is full/ })
  t.deepEqual(settings.read(), { cloudflareApiToken: null, cloudflareAccountId: 'account', primaryUrl: null })
  t.is(changes.length, told)
})

test('a secondary takes all settings from its primary, and from no one else', async (t) => {
  const { settings } = await settingsOf(t, { readOnly: true })
  await settings.start({})
  await t.throwsAsync(settings.update({ cloudflareAccountId: 'mine' }), { code: 'FORBIDDEN' })
  await settings.replace({ cloudflareApiToken: token, cloudflareAccountId: 'account', primaryUrl: null })
  await settings.replace({ cloudflareApiToken: null, cloudflareAccountId: 'account', primaryUrl: null })
  t.deepEqual(settings.read(), { cloudflareApiToken: null, cloudflareAccountId: 'account', primaryUrl: null })
})

test('a token is tried with its account before either is kept, and only when one of them changes', async (t) => {
  const asked: unknown[] = []
  const refusal = { field: 'cloudflareApiToken', message: 'lacks a permission' }
  const { settings, changes } = await settingsOf(t, {
    check(account) {
      asked.push(account)
      return Promise.resolve(account.accountId === 'wrong' ? [refusal] : [])
    },
  })
  await settings.start({})
  await settings.update({ cloudflareAccountId: 'one' })
  await settings.update({ cloudflareApiToken: token })
  await settings.update({ cloudflareApiToken: token, cloudflareAccountId: 'one', primaryUrl: 'https://example.com' })
  t.deepEqual(asked, [{ apiToken: token, accountId: 'one' }])
  const before = [settings.read(), changes.length]
  t.like(await t.throwsAsync(settings.update({ cloudflareAccountId: 'wrong' })), { code: 'INVALID_INPUT', fields: [refusal] })
  t.deepEqual([settings.read(), changes.length], before)
  await settings.update({ cloudflareApiToken: null, cloudflareAccountId: 'wrong' })
  t.is(asked.length, 2, 'without a token there is nothing to try')
})
