import test from 'ava'
import fc from 'fast-check'
import { checkAppName, checkComposeContent } from '../../api/apps/compose-file.ts'

/** Pieces with a meaning in YAML or Compose, so many texts get past the first line. */
const piece = fc.constantFrom(
  ...[
    'services',
    'web',
    'image',
    'build',
    'nginx',
    'null',
    '1',
    '<<',
    ':',
    ': ',
    '\n',
    '\n  ',
    '\n    ',
    '- ',
    '? ',
    '{',
    '}',
    '[',
    ']',
    ', ',
  ],
  ...[
    '&a ',
    '*a',
    '*b',
    '!t ',
    '!!set ',
    '%YAML 1.1\n---\n',
    '---\n',
    '...\n',
    '|\n',
    '>-\n',
    '"',
    "'",
    '#',
    '\t',
    '\r\n',
    '\0',
    '\uFEFF',
    '\uD800',
  ],
)
const yamlish = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))

/** JSON values, which are also YAML in flow style, in places where Compose expects something else. */
const composeish = fc.oneof(
  fc.json(),
  fc.json().map((value) => `services: ${value}`),
  fc.json().map((value) => `services: { web: ${value} }`),
)

const problemsOf = (text: string) => {
  const { refusals, doubts } = checkComposeContent(text)
  return [...refusals, ...doubts]
}

const wellFormed = ({ field, message }: { field: string; message: string }): boolean =>
  field === 'composeContent' && (/^line [1-9]\d*(, column [1-9]\d*)?: \S/.test(message) || /^is \d+ KiB\./.test(message))

for (const [what, texts] of Object.entries({ 'any text': fc.string({ unit: 'binary', maxLength: 400 }), yamlish, composeish })) {
  test(`${what}: never throws, and gives at most five messages, each with a line`, (t) => {
    fc.assert(
      fc.property(texts, (text) => {
        const errors = problemsOf(text)
        return errors.length <= 5 && errors.every(wellFormed)
      }),
      { numRuns: 3000 },
    )
    t.pass()
  })
}

test('deep nesting never throws', (t) => {
  fc.assert(
    fc.property(fc.constantFrom('[', '{', '- ', '? ', '{a: ', '&a [', ': '), fc.integer({ min: 1, max: 20_000 }), (open, depth) => {
      const errors = problemsOf(open.repeat(depth))
      return errors.length > 0 && errors.every(wellFormed)
    }),
    { numRuns: 60 },
  )
  t.pass()
})

const serviceName = fc.stringMatching(/^[a-zA-Z0-9._-]{1,12}$/)
const services = fc.dictionary(serviceName, fc.record({ image: fc.stringMatching(/^[a-z]{1,9}(:[0-9]{1,3})?$/) }), { minKeys: 1 })

test('accepts services that all have an image, written as JSON', (t) => {
  fc.assert(fc.property(services, (all) => problemsOf(JSON.stringify({ services: all }, null, 2)).length === 0))
  t.pass()
})

test('names the line of the wrong service', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }), (before, after) => {
      const good = (from: string, count: number) =>
        Array.from({ length: count }, (_, index) => `  ${from}${index}: { image: a }\n`).join('')
      const [error] = problemsOf(`services:\n${good('a', before)}  wrong: {}\n${good('b', after)}`)
      return error?.message.startsWith(`line ${before + 2}: the service "wrong" `) ?? false
    }),
  )
  t.pass()
})

test('accepts exactly the names that Compose accepts', (t) => {
  const names = fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9_-]{0,70}$/))
  fc.assert(fc.property(names, (name) => (checkAppName(name).length === 0) === /^[a-z0-9][a-z0-9_-]{0,62}(?!\n)$/.test(name)))
  t.pass()
})
