import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { readConfig, type Environment } from '../../../api/config.ts'
import { forgetRole, keepRole, readKeptRole } from '../../../api/cluster/home/kept-role.ts'
import { dataFolder } from '../../helpers/data-folder.ts'

const primaryUrl = 'http://primary:8080'
const secondary = { role: 'secondary', primaryUrl, name: 'worker-1' } as const

test('a node keeps its role without settings and with unchanged ones', (t) => {
  const dataDir = dataFolder(t)
  const read = (env: Environment = {}) => readConfig({ DATABASE_PATH: join(dataDir, 'selfhostly.db'), ...env }, readKeptRole)
  t.is(read().role, 'primary', 'nothing is stored yet')
  keepRole(dataDir, secondary)
  for (const env of [{}, { NODE_IS_PRIMARY: 'false' }, { NODE_IS_PRIMARY: ' 0 ', PRIMARY_NODE_URL: primaryUrl }])
    t.like(read(env), { role: 'secondary', primaryUrl, node: { name: 'worker-1', nameIsSet: true } })
  t.like(read({ PRIMARY_NODE_URL: 'http://other:8080', NODE_NAME: 'worker-2' }), {
    primaryUrl: 'http://other:8080',
    node: { name: 'worker-2' },
  })
})

test('a contradicting setting is refused in either direction, names the remedy and changes nothing', (t) => {
  for (const [kept, said] of [
    [secondary, 'true'],
    [{ role: 'primary', primaryUrl: null, name: null }, 'false'],
  ] as const) {
    const dataDir = dataFolder(t)
    keepRole(dataDir, kept)
    const env = { DATABASE_PATH: join(dataDir, 'selfhostly.db'), NODE_IS_PRIMARY: said, PRIMARY_NODE_URL: primaryUrl }
    const error = t.throws(() => readConfig(env, readKeptRole))
    t.regex(error.message, new RegExp(`NODE_IS_PRIMARY=${said}, but .* is the data folder of a ${kept.role}.*npm run reset-role`))
    t.like(readKeptRole(dataDir), kept)
    forgetRole(dataDir)
    t.is(readConfig(env, readKeptRole).role, said === 'true' ? 'primary' : 'secondary')
    t.like(readKeptRole(dataDir), { role: null, primaryUrl: null, name: kept.name, isGuess: false })
  }
})

test('a secondary needs PRIMARY_NODE_URL only at its first start', (t) => {
  const dataDir = dataFolder(t)
  const env = { DATABASE_PATH: join(dataDir, 'selfhostly.db'), NODE_IS_PRIMARY: 'false' }
  t.throws(() => readConfig(env, readKeptRole), { message: /PRIMARY_NODE_URL is required at a secondary's first start/ })
  keepRole(dataDir, secondary)
  t.like(readConfig(env, readKeptRole), { role: 'secondary', primaryUrl })
})

test("with an older version's data folder an admitted secondary stays one, and settings win", (t) => {
  const dataDir = dataFolder(t)
  const leave = (kept: object) => writeFileSync(join(dataDir, 'primary.json'), JSON.stringify(kept))
  const read = (env: Environment = {}) => readConfig({ DATABASE_PATH: join(dataDir, 'selfhostly.db'), ...env }, readKeptRole)
  leave({})
  t.is(read().role, 'primary', 'no primary ever admitted it')
  leave({ url: 'http://moved:8080', said: null, insteadOf: primaryUrl, primaryId: '3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90' })
  t.like(read(), { role: 'secondary', primaryUrl })
  t.is(read({ NODE_IS_PRIMARY: 'true' }).role, 'primary')
})

test('a damaged file stops the start and can be reset', (t) => {
  const dataDir = dataFolder(t)
  mkdirSync(dataDir, { recursive: true })
  for (const text of ['', 'x', '{}', '{"role":"king","primaryUrl":null,"name":null}']) {
    writeFileSync(join(dataDir, 'role.json'), text)
    t.throws(() => readKeptRole(dataDir), { message: /role\.json is damaged.*npm run reset-role/ })
  }
  forgetRole(dataDir)
  t.is(readKeptRole(dataDir)?.role, null)
})
