import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { loadSecretKey } from '../../api/auth/secret-key.ts'
import { StartError } from '../../api/errors.ts'
import { dataFolder } from '../helpers/data-folder.ts'

test('the key is created once, readable only by its owner', (t) => {
  const dataDir = join(dataFolder(t), 'new', 'data')
  const key = loadSecretKey({ dataDir })
  t.is(key.length, 32)
  t.deepEqual(loadSecretKey({ dataDir }), key)
  t.is(statSync(join(dataDir, 'secret.key')).mode & 0o777, 0o600)
  t.deepEqual(readdirSync(dataDir), ['secret.key'], 'no draft is left')
  t.notDeepEqual(loadSecretKey({ dataDir: dataFolder(t) }), key)
})

test('SECRET_KEY takes precedence and writes nothing, and the text of the file gives the same key there', (t) => {
  const dataDir = dataFolder(t)
  const key = loadSecretKey({ dataDir, fromEnvironment: 'x'.repeat(32) })
  t.is(key.length, 32)
  t.deepEqual(readdirSync(dataDir), [])
  t.notDeepEqual(loadSecretKey({ dataDir, fromEnvironment: 'x'.repeat(33) }), key)
  const fromFile = loadSecretKey({ dataDir })
  const text = readFileSync(join(dataDir, 'secret.key'), 'utf8').trim()
  t.deepEqual(loadSecretKey({ dataDir: '/nowhere', fromEnvironment: text }), fromFile)
})

test('refuses a SECRET_KEY that is too short', (t) => {
  for (const fromEnvironment of ['', 'x'.repeat(31)]) {
    t.throws(() => loadSecretKey({ dataDir: '/nowhere', fromEnvironment }), {
      instanceOf: StartError,
      message: /SECRET_KEY must have at least 32/,
    })
  }
})

test('refuses a damaged file and leaves it unchanged', (t) => {
  const dataDir = dataFolder(t)
  const path = join(dataDir, 'secret.key')
  for (const text of ['', 'short', 'x'.repeat(44), `${'x'.repeat(43)}\n${'x'.repeat(43)}`]) {
    writeFileSync(path, text, { mode: 0o600 })
    const error = t.throws(() => loadSecretKey({ dataDir }), { instanceOf: StartError })
    t.true(error.message.startsWith(`${path} is damaged`))
    t.is(readFileSync(path, 'utf8'), text)
  }
})

test('refuses a file that others can read, and says what to do', (t) => {
  const dataDir = dataFolder(t)
  const key = loadSecretKey({ dataDir })
  const path = join(dataDir, 'secret.key')
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(path, mode)
    t.throws(() => loadSecretKey({ dataDir }), { instanceOf: StartError, message: new RegExp(`mode 0${mode.toString(8)}.*chmod 600`) })
  }
  chmodSync(path, 0o400)
  t.deepEqual(loadSecretKey({ dataDir }), key)
})

test('an unusable data folder is named', (t) => {
  const file = join(dataFolder(t), 'file')
  writeFileSync(file, '')
  t.throws(() => loadSecretKey({ dataDir: file }), {
    instanceOf: StartError,
    message: new RegExp(`^${file}/secret.key cannot be read or created: EEXIST`),
  })
})
