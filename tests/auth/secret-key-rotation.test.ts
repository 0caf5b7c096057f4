import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { beginRotation, loadFormerKeys } from '../../api/auth/secret-key-rotation.ts'
import { loadSecretKey } from '../../api/auth/secret-key.ts'
import { dataFolder } from '../helpers/data-folder.ts'

test('a rotation keeps the previous key until it is finished', (t) => {
  const dataDir = dataFolder(t)
  const former = loadSecretKey({ dataDir })
  beginRotation(dataDir)
  t.notDeepEqual(loadSecretKey({ dataDir }), former)
  t.deepEqual(loadFormerKeys({ dataDir }), [former])
  t.throws(() => beginRotation(dataDir), { message: /not finished/ })
})

test('there is nothing to rotate before the first start', (t) => {
  const dataDir = dataFolder(t)
  t.throws(() => beginRotation(dataDir), { message: /nothing to rotate/ })
  t.false(existsSync(join(dataDir, 'secret.key')))
})

test('a previous key from the environment decrypts what it encrypted', (t) => {
  const dataDir = dataFolder(t)
  loadSecretKey({ dataDir })
  const text = readFileSync(join(dataDir, 'secret.key'), 'utf8').trim()
  t.deepEqual(loadFormerKeys({ dataDir, fromEnvironment: text }), [loadSecretKey({ dataDir })])
})
