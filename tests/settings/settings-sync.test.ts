import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { createSecretBox } from '../../api/auth/secret-box.ts'
import { calls } from '../../api/cluster/node-calls.ts'
import { createNodeClient } from '../../api/cluster/transport/node-client.ts'
import { createSettingsService } from '../../api/settings/settings-service.ts'
import { createSettingsSync } from '../../api/settings/settings-sync.ts'
import { testDatabase } from '../helpers/database.ts'
import { freePort } from '../helpers/free-port.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { json, peer, type Answer } from '../helpers/peer.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { until } from '../helpers/until.ts'

async function syncFrom(t: ExecutionContext<unknown>, port: number) {
  const clock = createManualClock()
  const database = await testDatabase(t)
  const { log, lines, messages } = recordedLog()
  const settings = createSettingsService({
    em: database.em,
    ...createSecretBox(randomBytes(32)),
    clock,
    readOnly: true,
    checkCloudflare: () => Promise.resolve([]),
    onChange: () => undefined,
  })
  await settings.start({})
  const client = createNodeClient({ selfId: '00000000-0000-4000-8000-00000000000b' })
  const primary = { id: 'primary', name: 'the primary', apiEndpoint: `http://127.0.0.1:${port}`, apiKey: 'shared-key' }
  let tries = 0
  const sync = createSettingsSync({
    fetchSettings: () => (tries++, client.call(primary, calls.settings, {})),
    onSynced: () => undefined,
    settings,
    clock,
    random: () => 1,
    log,
  })
  t.teardown(() => {
    sync.stop()
    client.close()
  })
  /** Advances to the next failure. */
  const fail = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      await until(() => clock.waiting() === 1)
      clock.advance(clock.waits()[0] ?? 0)
    }
    await until(() => clock.waiting() === 1)
  }
  return { sync, settings, clock, lines, messages, tries: () => tries, fail }
}

const sent = { cloudflare_api_token: 'a-token-of-cloudflare', cloudflare_account_id: null }
const answering: Answer = (_request, response) => json(response, sent)

test('retries until the primary answers, logging one line, then logs success', async (t) => {
  const port = await freePort()
  const { sync, settings, clock, lines, messages, tries, fail } = await syncFrom(t, port)
  sync.run()
  await fail(8)
  t.deepEqual(messages(), ['could not sync settings from primary, retrying'])
  t.regex(String(lines[0]?.error), /connection refused/)
  t.is(tries(), 9)
  t.deepEqual(clock.waits(), [15_500])

  const primary = await peer(t, answering, port)
  clock.advance(15_500)
  await until(() => messages().length === 2)
  t.is(messages()[1], 'settings synced from primary')
  t.deepEqual(settings.read(), { cloudflareApiToken: 'a-token-of-cloudflare', cloudflareAccountId: null, primaryUrl: null })
  t.like(primary.requests[0], { method: 'GET', url: '/api/internal/settings', headers: { 'x-node-api-key': 'shared-key' } })
  t.is(clock.waiting(), 0)
})

test('a call from the primary ends the wait', async (t) => {
  const port = await freePort()
  const { sync, messages, fail } = await syncFrom(t, port)
  sync.run()
  await fail(5)
  await peer(t, answering, port)
  sync.run()
  await until(() => messages().includes('settings synced from primary'))
  t.pass()
})

test('a malformed answer changes nothing and is retried', async (t) => {
  let answer: unknown = { cloudflare_api_token: 5 }
  const port = await freePort()
  await peer(t, (_request, response) => json(response, answer), port)
  const { sync, settings, clock, messages, fail } = await syncFrom(t, port)
  await settings.replace({ cloudflareApiToken: 'fetched-before', cloudflareAccountId: null, primaryUrl: null })
  sync.run()
  await fail(0)
  t.is(settings.read().cloudflareApiToken, 'fetched-before')
  answer = { ...sent, a_setting_of_a_newer_version: true }
  clock.advance(clock.waits()[0] ?? 0)
  await until(() => messages().includes('settings synced from primary'))
  t.is(settings.read().cloudflareApiToken, 'a-token-of-cloudflare')
})
