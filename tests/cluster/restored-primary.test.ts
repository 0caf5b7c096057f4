import { join } from 'node:path'
import test from 'ava'
import { readConfig } from '../../api/config.ts'
import { makeBackup } from '../../api/backup/make-backup.ts'
import { restoreBackup } from '../../api/backup/restore.ts'
import { backupSource } from '../../api/backup-source.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { ableToken, fakeCloudflare } from '../helpers/fake-cloudflare.ts'
import { freePort } from '../helpers/free-port.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

test('a primary that is restored elsewhere, at its address, finds its nodes, its people and its secrets again', async (t) => {
  const cloudflare = await fakeCloudflare(t, { 'token-of-cloudflare-1234': ableToken() })
  const address = {
    CLOUDFLARE_API_URL: cloudflare.url,
    SERVER_ADDRESS: `127.0.0.1:${await freePort()}`,
    NODE_ID: '',
    NODE_API_KEY: '',
    SECRET_KEY: '',
  }
  const primary = await runningNode(t, address)
  const { welcome } = primary.services.membership
  const linked = await runningSecondary(t, primary, { NODE_CONNECTION: 'link', NODE_API_ENDPOINT: 'http://127.0.0.1:9' })
  const direct = await runningSecondary(t, primary, { NODE_CONNECTION: 'direct' })
  await welcome({ id: linked.id, name: 'linked', apiEndpoint: 'http://127.0.0.1:9', apiKey: linked.key })
  await welcome({ id: direct.id, name: 'direct', apiEndpoint: direct.url, apiKey: direct.key })
  const isOnline = ({ services }: typeof primary, id: string): boolean => services.members.registry.get(id).health.status === 'online'
  await until(() => isOnline(primary, linked.id) && isOnline(primary, direct.id))
  await primary.graphql('mutation { updateSettings(input: { cloudflareApiToken: "token-of-cloudflare-1234" }) { primaryUrl } }')

  const path = join(dataFolder(t), 'backup.tar.gz')
  const { needs } = await makeBackup(backupSource(readConfig(primary.settings)), { path, now: new Date() })
  t.deepEqual(needs, [])
  await primary.stop()
  const elsewhere = dataFolder(t)
  const place = {
    dataDir: join(elsewhere, 'data'),
    databasePath: join(elsewhere, 'data', 'selfhostly.db'),
    appsDir: join(elsewhere, 'apps'),
  }
  await restoreBackup(path, place)
  const restored = await runningNode(t, { ...primary.settings, DATABASE_PATH: place.databasePath, APPS_DIR: place.appsDir })
  t.is(restored.id, primary.id)
  await until(() => isOnline(restored, linked.id) && isOnline(restored, direct.id))
  const { data } = await restored.graphql('{ viewer { role } settings { cloudflareApiToken } }', {}, primary.headers)
  t.deepEqual(data, { viewer: { role: 'ADMIN' }, settings: { cloudflareApiToken: '********1234' } }, 'the token from before still counts')
})
