import test from 'ava'
import { looksSecret, readEnvText, withPasted } from '../../../frontend/src/utils/apps/env-text.ts'

const valuesIn = (text: string) => readEnvText(text).lines.map(({ name, value }) => [name, value])

test('reads names and values as Compose does', (t) => {
  const text = [
    '\uFEFF# a comment',
    'PLAIN=value',
    'export EXPORTED=yes',
    'EMPTY=',
    'EQUALS=a=b',
    'COMMENT=value # not this',
    'HASH=a#b',
    `SINGLE='it is $HOME # all'`,
    'DOUBLE="a\\nb \\"c\\""',
    'LINES="first',
    'second"',
    'UMLAUT=grün 😀',
  ].join('\r\n')
  t.deepEqual(valuesIn(text), [
    ['PLAIN', 'value'],
    ['EXPORTED', 'yes'],
    ['EMPTY', ''],
    ['EQUALS', 'a=b'],
    ['COMMENT', 'value'],
    ['HASH', 'a#b'],
    ['SINGLE', 'it is $HOME # all'],
    ['DOUBLE', 'a\nb "c"'],
    ['LINES', 'first\r\nsecond'],
    ['UMLAUT', 'grün 😀'],
  ])
})

test('names the lines that it cannot take, and takes the others', (t) => {
  const { lines } = readEnvText('A=1\nnot a line\n2B=3\n\nC=4')
  t.deepEqual(
    lines.map(({ line, name, problem }) => [line, name, problem !== undefined]),
    [
      [1, 'A', false],
      [2, 'not a line', true],
      [3, '2B', true],
      [5, 'C', false],
    ],
  )
})

test('an open quote does not swallow the page', (t) => {
  t.deepEqual(valuesIn('A="open\nB=2'), [
    ['A="open', ''],
    ['B', '2'],
  ])
})

test('names that usually hold secrets are noticed', (t) => {
  for (const name of ['PASSWORD', 'DB_PASSWORD', 'db_passwd', 'API_KEY', 'GITHUB_TOKEN', 'JWT_SECRET', 'SECRET_KEY_BASE'])
    t.true(looksSecret(name), name)
  for (const name of ['PORT', 'KEYBOARD', 'PASSENGERS', 'TOKENS_PER_DAY_URL', 'TAG']) t.false(looksSecret(name), name)
})

test('a paste replaces what is there, adds the rest, and a secret stays one', (t) => {
  const now = [
    { name: 'A', value: '1', secret: false },
    { name: 'P', value: null, secret: true },
  ]
  t.deepEqual(
    withPasted(now, readEnvText('P=new\nB=2\nbad line\nA=3').lines, (name) => name === 'B'),
    [
      { name: 'A', value: '3', secret: false },
      { name: 'P', value: 'new', secret: true },
      { name: 'B', value: '2', secret: true },
    ],
  )
})

test('names the lines that may not mean what they say', (t) => {
  const { doubts } = readEnvText('A="$NOWHERE"\nB\nC=1')
  t.deepEqual(
    doubts.map(({ line }) => line),
    [1, 2],
  )
})
