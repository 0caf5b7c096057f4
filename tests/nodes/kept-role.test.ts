import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { readConfig, type Environment } from '../../api/config.ts'
import { forgetRole, keepRole, readKeptRole } from '../../api/nodes/kept-role.ts'
import { dataFolder } from '../helpers/data-folder.ts'

const primaryUrl = 'http://primary:8080'
const secondary = { role: 'secondary', primaryUrl, name: 'worker-1' } as const

test('what is kept is what the node is, without a setting and with the same ones', (t) => {
  const dataDir = dataFolder(t)
  const read = (env: Environment = {}) => readConfig({ DATABASE_PATH: join(dataDir, 'selfhostly.db'), ...env }, readKeptRole)
  t.is(read().role, 'primary', 'nothing is kept yet')
  keepRole(dataDir, secondary)
  for (const env of [{}, { NODE_IS_PRIMARY: 'false' }, { NODE_IS_PRIMARY: ' 0 ', PRIMARY_NODE_URL: primaryUrl }])
    t.like(read(env), { role: 'secondary', primaryUrl, node: { name: 'worker-1', nameIsSet: true } })
  t.like(read({ PRIMARY_NODE_URL: 'http://other:8080', NODE_NAME: 'worker-2' }), {
    primaryUrl: 'http://other:8080',
    node: { name: 'worker-2' },
  })
})

test('a setting that contradicts is refused in either direction, with the way out, and changes nothing', (t) => {
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

test('a secondary needs its primary at its first start only', (t) => {
  const dataDir = dataFolder(t)
  const env = { DATABASE_PATH: join(dataDir, 'selfhostly.db'), NODE_IS_PRIMARY: 'false' }
  t.throws(() => readConfig(env, readKeptRole), { message: /PRIMARY_NODE_URL is required at the first start/ })
  keepRole(dataDir, secondary)
  t.like(readConfig(env, readKeptRole), { role: 'secondary', primaryUrl })
})

test('the folder of an older version: a secondary that its primary took in stays one, and a setting has the last word', (t) => {
  const dataDir = dataFolder(t)
  const leave = (kept: object) => writeFileSync(join(dataDir, 'primary.json'), JSON.stringify(kept))
  const read = (env: Environment = {}) => readConfig({ DATABASE_PATH: join(dataDir, 'selfhostly.db'), ...env }, readKeptRole)
  leave({})
  t.is(read().role, 'primary', 'no primary ever took it in')
  leave({ url: 'http://moved:8080', said: null, insteadOf: primaryUrl, primaryId: '3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90' })
  t.like(read(), { role: 'secondary', primaryUrl })
  t.is(read({ NODE_IS_PRIMARY: 'true' }).role, 'primary')
})

test('a damaged file stops the start, and can be forgotten', (t) => {
  const dataDir = dataFolder(t)
  mkdirSync(dataDir, { recursive: true })
  for (const text of ['', 'x', '{}', '{"role":"king","primaryUrl":null,"name":null}']) {
    writeFileSync(join(dataDir, 'role.json'), text)
    t.throws(() => readKeptRole(dataDir), { message: /role\.json is damaged.*npm run reset-role/ })
  }
  forgetRole(dataDir)
  t.is(readKeptRole(dataDir)?.role, null)
})
