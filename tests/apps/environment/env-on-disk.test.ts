import { chmodSync, existsSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { findEnv, writeEnv, writtenEnv } from '../../../api/apps/environment/env-on-disk.ts'
import { removeWritten } from '../../../api/apps/folder-removal.ts'
import { dataFolder } from '../../helpers/data-folder.ts'

const plain = { name: 'PLAIN', value: 'a b', secret: false }
const secret = { name: 'KEY', value: 'planted-secret', secret: true }
const hard = { name: 'HARD', value: '\\\\"\'', secret: false }

test('writes plain values for the owner only, and names what it leaves out', async (t) => {
  const folder = dataFolder(t)
  await writeEnv(folder, [plain, secret, hard])
  const text = readFileSync(join(folder, '.env'), 'utf8')
  t.regex(text, /^# Written by Selfhostly/)
  t.regex(text, /^# .*secret: KEY$/m)
  t.regex(text, /^# .*differently: HARD$/m)
  t.regex(text, /^PLAIN='a b'$/m)
  t.notRegex(text, /planted|^(KEY|HARD)=/m)
  t.is(statSync(join(folder, '.env')).mode & 0o777, 0o600)
  t.is(await findEnv(folder), null)

  chmodSync(join(folder, '.env'), 0o644)
  await writeEnv(folder, [plain, secret, hard])
  t.is(statSync(join(folder, '.env')).mode & 0o777, 0o600)
  await writeEnv(folder, [])
  t.deepEqual(readdirSync(folder), [])
})

test('a file that someone else wrote is read, and kept under names that nothing has', async (t) => {
  const folder = dataFolder(t)
  writeFileSync(join(folder, '.env'), 'A=1\n')
  t.deepEqual(await findEnv(folder), { variables: [{ name: 'A', value: '1', secret: false }], problems: [] })
  await writeEnv(folder, [])
  t.is(readFileSync(join(folder, '.env'), 'utf8'), 'A=1\n')
  await writeEnv(folder, [plain])
  t.is(readFileSync(join(folder, '.env.original'), 'utf8'), 'A=1\n')
  writeFileSync(join(folder, '.env'), 'A=2\n')
  await writeEnv(folder, [plain])
  t.is(readFileSync(join(folder, '.env.original'), 'utf8'), 'A=1\n')
  t.is(readFileSync(join(folder, '.env.original.2'), 'utf8'), 'A=2\n')
})

test('what an app cannot have is named, and the rest is read', async (t) => {
  const folder = dataFolder(t)
  writeFileSync(join(folder, '.env'), 'A=1\nLD_PRELOAD=/x.so\nnot a line\nB-C=2\n')
  const found = await findEnv(folder)
  t.deepEqual(found?.variables, [{ name: 'A', value: '1', secret: false }])
  t.regex(
    found?.problems.join('\n') ?? '',
    /^\.env, line 3: is not NAME=value\n\.env: LD_PRELOAD steers the loader.*\n\.env: B-C is not a name/,
  )
})

test('a link is neither followed nor written through', async (t) => {
  const folder = dataFolder(t)
  const elsewhere = join(dataFolder(t), 'elsewhere')
  writeFileSync(elsewhere, 'A=1\n')
  symlinkSync(elsewhere, join(folder, '.env'))
  t.regex((await findEnv(folder))?.problems.join() ?? '', /symbolic link/)
  await writeEnv(folder, [plain])
  t.is(readFileSync(elsewhere, 'utf8'), 'A=1\n')
  t.true(statSync(join(folder, '.env')).isFile())
})

test('a removal takes the file with the folder, but not one that was changed', async (t) => {
  const folder = dataFolder(t)
  await writeEnv(folder, [plain, secret])
  // Stored secrets are sealed, so a removal does not know their values.
  const stored = [plain, { ...secret, value: 'sealed' }]
  writeFileSync(join(folder, '.env'), `${readFileSync(join(folder, '.env'), 'utf8')}MINE=1\n`)
  t.deepEqual(await removeWritten(folder, new Map(writtenEnv(stored))), ['.env'])
  await writeEnv(folder, [plain, secret])
  t.deepEqual(await removeWritten(folder, new Map(writtenEnv(stored))), [])
  t.false(existsSync(folder))
})
