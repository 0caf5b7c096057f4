import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { eventually, register, secondaryOf } from '../helpers/cluster.ts'
import { ableToken, fakeCloudflare } from '../helpers/fake-cloudflare.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

interface Settings {
  cloudflareApiToken: string | null
  cloudflareAccountId: string | null
}

const firstToken = 'planted-token-number-one-1111'
const secondToken = 'planted-token-number-two-2222'
const nodeKey = 'planted-key-of-the-secondary'
const account = '0f3c'.repeat(8)

test('a secondary that starts first gets the settings, follows a change, and keeps them without its primary', async (t) => {
  const cloudflare = await fakeCloudflare(t, { [secondToken]: ableToken({ accountId: account }) })
  const settings = { CLOUDFLARE_API_TOKEN: firstToken, CLOUDFLARE_ACCOUNT_ID: account, CLOUDFLARE_API_URL: cloudflare.url }
  const primary = await nodeProcess(t, { NODE_NAME: 'primary', ...settings })
  const secondary = await secondaryOf(t, primary, 'worker', { NODE_API_KEY: nodeKey })
  await secondary.start()
  const unanswered = await secondary.logged('failed to send heartbeat to primary')
  t.regex(String(unanswered['error']), /connection refused/)
  t.deepEqual(await settingsOf(secondary), { cloudflareApiToken: null, cloudflareAccountId: null })

  await primary.start()
  await register(primary, secondary)
  const first = { cloudflareApiToken: '********1111', cloudflareAccountId: account }
  t.deepEqual(
    await eventually(
      () => settingsOf(secondary),
      ({ cloudflareApiToken }) => cloudflareApiToken !== null,
    ),
    first,
  )

  await ask(primary, `mutation { updateSettings(input: { cloudflareApiToken: "${secondToken}" }) { cloudflareApiToken } }`)
  const second = { ...first, cloudflareApiToken: '********2222' }
  const changed = eventually(
    () => settingsOf(secondary),
    ({ cloudflareApiToken }) => cloudflareApiToken === '********2222',
    2000,
  )
  t.deepEqual(await changed, second, 'within two seconds')

  await primary.kill()
  await secondary.kill()
  await secondary.start()
  t.deepEqual(await settingsOf(secondary), second, 'without a primary')

  for (const node of [primary, secondary]) {
    for (const secret of [firstToken, secondToken, nodeKey]) {
      t.deepEqual(databaseFilesWith(node, secret), [], 'no database contains a secret')
      t.false(node.printed.join('\n').includes(secret), 'no log contains a secret')
    }
  }
  t.true(databaseFilesWith(primary, 'primary').length > 0, 'the search itself works')
})

async function settingsOf(node: NodeProcess): Promise<Settings> {
  return (await ask<{ settings: Settings }>(node, '{ settings { cloudflareApiToken cloudflareAccountId } }')).settings
}

/** The names of the database files, including the write-ahead log, that contain `text`. */
const databaseFilesWith = ({ dataDir }: NodeProcess, text: string): string[] =>
  readdirSync(dataDir).filter((name) => name.startsWith('selfhostly.db') && readFileSync(join(dataDir, name)).includes(text))
