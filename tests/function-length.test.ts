import test from 'ava'
import { Linter } from 'eslint'
import { functionLength } from '../scripts/function-length.mjs'

const linter = new Linter()
const reports = (text: string): string[] =>
  linter
    .verify(text, {
      plugins: { selfhostly: { rules: { 'function-length': functionLength } } },
      rules: { 'selfhostly/function-length': ['error', { own: 3, all: 6 }] },
    })
    .map(({ line, message }) => `${line}: ${message}`)

test('a function may have a few lines of its own; blank lines and comments do not count', (t) => {
  t.deepEqual(reports('function f() {\n\n  // a comment\n  a()\n}'), [])
  t.deepEqual(reports('function f() {\n  a()\n  b()\n}'), ['1: This function has 4 lines of its own; at most 3.'])
})

test('a factory may have more, with the functions inside it, each of which counts alone', (t) => {
  const inner = (name: string, more = '') => `  const ${name} = () => {\n${more}  }\n`
  t.deepEqual(reports(`function f() {\n${inner('a')}${inner('b')}}`), [])
  t.deepEqual(reports(`function f() {\n${inner('a')}${inner('b', '    c()\n')}}`), ['1: This function has 7 lines; at most 6.'])
  t.deepEqual(reports(`function f() {\n${inner('a', '    b()\n    c()\n')}}`), ['2: This function has 4 lines of its own; at most 3.'])
})
