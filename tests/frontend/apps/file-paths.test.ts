import test from 'ava'
import { amountProblem, pathProblem, textOf } from '../../../frontend/src/utils/apps/file-paths.ts'

test('takes paths in the folder', (t) => {
  for (const path of ['nginx.conf', 'config/nginx.conf', '.htpasswd', 'a b.txt', 'ümlaut.txt']) t.is(pathProblem(path, []), undefined, path)
})

test('refuses paths that leave the folder, are taken, or are not theirs to choose', (t) => {
  for (const path of ['', ' ', '/etc/passwd', '../x', 'a/../b', './a', 'a//b', 'a/', 'a\\b', '.env', 'compose.yaml', 'x'.repeat(256)])
    t.truthy(pathProblem(path, []), path)
  t.truthy(pathProblem('a.conf', ['a.conf']))
  t.truthy(pathProblem('a', ['a/b.conf']), 'a folder has this name')
  t.truthy(pathProblem('a/b', ['a']), 'a file has the name of the folder')
})

test('tells text from data, and keeps the byte order mark', (t) => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  t.is(textOf(bytes('\uFEFFa\r\n😀')), '\uFEFFa\r\n😀')
  t.is(textOf(bytes('a\0b')), undefined)
  t.is(textOf(Uint8Array.of(0xff, 0xfe, 0x41, 0x00)), undefined)
})

test('says when the files are too many or too large', (t) => {
  const file = (content: string, path = 'a') => ({ path, content, secret: false })
  t.is(amountProblem([file('x'.repeat(512 * 1024))]), undefined)
  t.regex(amountProblem([file('x'.repeat(512 * 1024)), file('y')]) ?? '', /512 KiB/)
  t.regex(amountProblem(Array.from({ length: 51 }, (_, index) => file('', `f${index}`))) ?? '', /50 files/)
})
