import test from 'ava'
import fc from 'fast-check'
import { normalize } from 'node:path'
import { clashOf, problemOfPath } from '../../../api/apps/versions/file-paths.ts'

const good = ['nginx.conf', 'conf/nginx.conf', 'a/b/c/d', 'ümlaut ☕.txt', '.hidden', 'sub/.env', 'sub/compose.yaml', 'a..b', '...']
const bad = [
  '',
  '/etc/passwd',
  '..',
  '../x',
  'a/../b',
  'a/./b',
  './a',
  'a//b',
  'a/',
  'a\\b',
  '..\\x',
  'compose.yaml',
  'COMPOSE.YAML',
  '.env',
]
const worse = [
  '.env.original',
  'compose.selfhostly.yaml',
  '.compose.yaml.new',
  'a\nb',
  'a\0b',
  'a\u202eb',
  `${'x'.repeat(256)}`,
  'x/'.repeat(16) + 'y',
]

for (const path of good) test(`a file can be at ${JSON.stringify(path)}`, (t) => t.is(problemOfPath(path), null))
for (const path of [...bad, ...worse]) test(`no file can be at ${JSON.stringify(path)}`, (t) => t.not(problemOfPath(path), null))

test('whatever path is accepted stays within the folder', (t) => {
  const part = fc.constantFrom('a', '..', '.', '', 'b\\..', '\\', '/', '~', 'c ', '%2e%2e')
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const path = parts.join('/')
        if (problemOfPath(path) !== null) return
        const real = normalize(`/app/${path}`)
        if (real !== `/app/${path}` || real.includes('\\')) throw new Error(path)
      }),
    ),
  )
})

test('two files never clash', (t) => {
  t.is(clashOf(['a', 'b/c', 'b/d']), null)
  t.regex(clashOf(['a', 'a']) ?? '', /a: is there twice/)
  t.regex(clashOf(['a/b/c', 'a/b']) ?? '', /a\/b cannot be a file and a folder/)
})
