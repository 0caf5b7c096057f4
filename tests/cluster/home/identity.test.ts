import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { StartError } from '../../../api/errors.ts'
import { loadIdentity } from '../../../api/cluster/home/identity.ts'
import { dataFolder } from '../../helpers/data-folder.ts'

const uuid = '3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90'

test('an identity is created once and readable only by its owner', (t) => {
  const dataDir = join(dataFolder(t), 'data')
  const identity = loadIdentity({ dataDir })
  t.regex(identity.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  t.regex(identity.apiKey, /^[\w-]{43}$/)
  t.deepEqual(loadIdentity({ dataDir }), identity)
  t.is(statSync(join(dataDir, 'identity.json')).mode & 0o777, 0o600)
  t.deepEqual(readdirSync(dataDir), ['identity.json'])
})

test('an identity comes from the given randomness', (t) => {
  const random = { uuid: () => uuid, bytes: (size: number) => Buffer.alloc(size, 1) }
  t.like(loadIdentity({ dataDir: dataFolder(t), random }), { id: uuid, apiKey: Buffer.alloc(32, 1).toString('base64url') })
})

test('settings win and are not written to disk', (t) => {
  const dataDir = dataFolder(t)
  t.like(loadIdentity({ dataDir, id: uuid, apiKey: 'from settings' }), { id: uuid, apiKey: 'from settings' })
  t.deepEqual(readdirSync(dataDir), [])

  const made = loadIdentity({ dataDir, id: uuid })
  t.is(made.id, uuid)
  const file = readFileSync(join(dataDir, 'identity.json'), 'utf8')
  t.false(file.includes(uuid))
  t.like(loadIdentity({ dataDir, apiKey: 'from settings' }), { id: JSON.parse(file).id, apiKey: 'from settings' })
  t.is(loadIdentity({ dataDir }).apiKey, made.apiKey)
  t.is(readFileSync(join(dataDir, 'identity.json'), 'utf8'), file)
})

test('a damaged file stops the start, is named, stays unchanged and leaks no key', (t) => {
  const dataDir = dataFolder(t)
  const path = join(dataDir, 'identity.json')
  const damaged = [
    '',
    '{"id":"3f2b',
    `{"id":"${uuid}"}`,
    `{"id":"not-a-uuid","apiKey":"secret-of-node"}`,
    `{"id":"${uuid}","apiKey":""}`,
    '[]',
    'null',
  ]
  for (const text of [...damaged, `secret-of-node {"id":"${uuid}"}`]) {
    writeFileSync(path, text, { mode: 0o600 })
    const error = t.throws(() => loadIdentity({ dataDir }), { instanceOf: StartError })
    t.true(error.message.startsWith(`${path} is damaged`))
    t.regex(error.message, /NODE_ID and NODE_API_KEY/)
    t.false(error.message.includes('secret-of-node'))
    t.is(readFileSync(path, 'utf8'), text)
  }
  t.is(loadIdentity({ dataDir, id: uuid, apiKey: 'from settings' }).id, uuid, 'the remedy that the message names works')
})

test('a file that others can read is refused', (t) => {
  const dataDir = dataFolder(t)
  loadIdentity({ dataDir })
  chmodSync(join(dataDir, 'identity.json'), 0o644)
  t.throws(() => loadIdentity({ dataDir }), { instanceOf: StartError, message: /identity.json holds a secret.*0644.*chmod 600/ })
})
