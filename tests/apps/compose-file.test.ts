import test from 'ava'
import { checkAppName, checkComposeContent } from '../../api/apps/compose-file.ts'

const problems = (text: string) => {
  const { refusals, doubts } = checkComposeContent(text)
  return [...refusals, ...doubts]
}
const messages = (text: string): string[] => problems(text).map(({ message }) => message)

const accepted = {
  'the smallest file': 'services:\n  web:\n    image: nginx\n',
  'a build': 'services:\n  web:\n    build: .\n',
  'a build in long form': 'services: { web: { build: { context: . } } }',
  'extends, with the image in another file': 'services:\n  web:\n    extends: { file: base.yaml, service: web }\n',
  'version, volumes and extensions': 'version: "3.8"\nx-a: &a { restart: always }\nservices:\n  web:\n    image: a\nvolumes:\n  data:\n',
  'a merged image': 'x-base: &base\n  image: nginx\nservices:\n  web:\n    <<: *base\n  api:\n    <<: [*base, { restart: always }]\n',
  'a merged image in a file marked as YAML 1.1': '%YAML 1.1\n---\nx-base: &base\n  image: nginx\nservices:\n  web:\n    <<: *base\n',
  'a whole service by alias': 'services:\n  web: &web\n    image: nginx\n  copy: *web\n',
  'Compose tags': 'services:\n  web:\n    image: nginx\n    ports: !reset []\n',
  'a name with every allowed kind of character': 'services:\n  a.B-1_c:\n    image: nginx\n',
  'an image from variables': 'services:\n  web:\n    image: ${IMAGE:-nginx}:${TAG}\n',
  'Windows line endings and a byte order mark': '\uFEFFservices:\r\n  web:\r\n    image: nginx\r\n',
}
for (const [what, text] of Object.entries(accepted)) {
  test(`accepted: ${what}`, (t) => t.deepEqual(messages(text), []))
}

const refused: Record<string, { text: string; message: RegExp }> = {
  'a NUL character': { text: 'services:\n  web:\n    image: a\0b\n', message: /^line 3: contains a NUL character/ },
  nothing: { text: '', message: /^line 1: the file is empty\. Add "services:"/ },
  'only a comment': { text: '# later\n', message: /^line 1: the file is empty/ },
  'a list': { text: '- a\n', message: /^line 1: .*not a list$/ },
  'a word': { text: 'hello', message: /^line 1: .*not a single value$/ },
  'services misspelled': {
    text: 'version: "3"\nservces:\n  web: {image: nginx}\n',
    message: /^line 2: the key "services" is missing. Did you mean "services" instead of "servces"\?$/,
  },
  'no services': { text: '\nversion: "3"\n', message: /^line 2: the key "services" is missing/ },
  'services without any': { text: 'version: "3"\nservices:\n', message: /^line 2: "services" is empty/ },
  'services as an empty mapping': { text: 'services: {}\n', message: /^line 1: "services" is empty/ },
  'services as a list': { text: 'services:\n  - web\n', message: /^line 1: "services" must be a mapping.*not a list$/ },
  'a service without anything': {
    text: 'services:\n  ok:\n    image: a\n  web:\n',
    message: /^line 4: the service "web" is empty\. Add an "image"/,
  },
  'a service that is a word': {
    text: 'services:\n  web: nginx\n',
    message: /^line 2: the service "web" must be a mapping.*not a single value$/,
  },
  'a service without image and build': {
    text: 'services:\n  web:\n    ports: ["80"]\n',
    message: /^line 2: the service "web" needs an "image"/,
  },
  'an image without a value': { text: 'services:\n  web:\n    image:\n', message: /^line 2: the service "web" needs an "image"/ },
  'a service name with a space': {
    text: 'services:\n  "my web":\n    image: a\n',
    message: /^line 2: the service name "my web" can only contain/,
  },
  'a list as service name': {
    text: 'services:\n  ? [a]\n  : { image: a }\n',
    message: /^line 2: the service name must be plain text, not a list/,
  },
  'a tab as indentation': { text: 'services:\n\tweb:\n', message: /^line 2, column 1: this line is indented with a tab\. Use spaces/ },
  'a bracket left open': { text: 'services:\n  web: { image: a\n', message: /^line \d+, column \d+: .*\}/ },
  'two colons in one line': { text: 'services:\n  web: image: a\n', message: /^line 2, column \d+: .*(quote|compact)/i },
  'indentation that does not fit': {
    text: 'services:\n    web:\n      image: a\n  api:\n    image: a\n',
    message: /^line 4, column \d+: .*(column|indent)/,
  },
  'two documents': {
    text: 'services: { a: { image: b } }\n---\nb: 1\n',
    message: /^line 2, column 1: a second document starts here.*"---" line$/,
  },
  'a repeated key': {
    text: 'services:\n  web: { image: a }\n  web: { image: b }\n',
    message: /^line 3: the key "web" is already on line 2/,
  },
  'a repeated key, deeply nested': {
    text: 'services:\n  web:\n    image: a\n    labels:\n      x: 1\n      "x": 2\n',
    message: /^line 6: the key "x" is already on line 5/,
  },
  'an unknown alias': { text: 'services:\n  web: *base\n', message: /^line 2: there is no anchor &base before this alias/ },
  'an alias before its anchor': { text: 'services:\n  a: *b\n  c: &b { image: x }\n', message: /^line 2: there is no anchor &b/ },
  'an alias inside its own target': {
    text: 'services: &s\n  web:\n    image: a\n    labels: *s\n',
    message: /^line 4: the alias \*s contains itself/,
  },
}
for (const [what, { text, message }] of Object.entries(refused)) {
  test(`refused: ${what}`, (t) => {
    const [first, ...others] = problems(text)
    t.is(first?.field, 'composeContent')
    t.regex(first?.message ?? '', message)
    t.true(others.length < 5)
  })
}

test('names every wrong service, up to five', (t) => {
  const services = (count: number) => `services:\n${Array.from({ length: count }, (_, index) => `  s${index}: {}\n`).join('')}`
  t.deepEqual(
    messages(services(3)).map((message) => message.slice(0, 6)),
    ['line 2', 'line 3', 'line 4'],
  )
  t.is(messages(services(3000)).length, 5)
})

test('accepts 256 KiB, and refuses one byte more without parsing it', (t) => {
  const head = 'services: { web: { image: a } }\n#'
  const size = 256 * 1024
  t.deepEqual(messages(head + 'x'.repeat(size - head.length)), [])
  t.deepEqual(messages(head + 'x'.repeat(size - head.length + 1)), ['is 257 KiB. The maximum is 256 KiB'])
  t.deepEqual(messages('ü'.repeat(size / 2 + 1)), ['is 257 KiB. The maximum is 256 KiB'])
})

/** Ten levels of ten aliases: ten billion values when expanded. */
const levels = (first: string, each: (list: string) => string) =>
  Array.from({ length: 10 }, (_, level) =>
    level === 0
      ? first
      : `x${level}: &x${level} ${each(
          Array(10)
            .fill(`*x${level - 1}`)
            .join(', '),
        )}`,
  ).join('\n')

test('refuses aliases that multiply, in lists and in merges, within a second', (t) => {
  const end = '\nservices: { web: { image: a, labels: *x9 } }\n'
  const started = performance.now()
  t.regex(messages(levels('x0: &x0 [lol]', (list) => `[${list}]`) + end)[0] ?? '', /^line 2: aliases from here on expand/)
  t.regex(messages(levels('x0: &x0 { a: b }', (list) => `{ <<: [${list}] }`) + end)[0] ?? '', /^line 2: aliases from here on expand/)
  t.true(performance.now() - started < 1000)
})

test('accepts a file with many aliases that do not multiply', (t) => {
  const services = Array.from({ length: 500 }, (_, index) => `  s${index}:\n    <<: *base\n    logging: *log\n`).join('')
  t.deepEqual(messages(`x-log: &log { driver: json-file }\nx-base: &base { image: nginx, restart: always }\nservices:\n${services}`), [])
})

// The parser's own search for repeated keys compares every pair and would take about 15 s.
test('checks a large file of short keys in a few seconds', (t) => {
  let text = 'services:\n'
  for (let index = 0; text.length < 250_000; index++) text += ` ${index.toString(36)}: {}\n`
  const started = performance.now()
  t.is(messages(text).length, 5)
  t.true(performance.now() - started < 10_000)
})

for (const name of ['a', '0', 'web-shop_2', '9lives', 'a'.repeat(63)]) {
  test(`a valid app name: ${name.slice(0, 12)}`, (t) => t.deepEqual(checkAppName(name), []))
}
const impossible: [string, RegExp][] = [
  ['', /empty/],
  ['a'.repeat(64), /64 characters\. The maximum is 63/],
  ['-web', /must start with/],
  ['_web', /must start with/],
  ['Web', /lowercase/],
  ['web shop', /lowercase/],
  ['web\n', /lowercase/],
  ['../etc', /lowercase/],
  ['wéb', /lowercase/],
]
for (const [name, message] of impossible) {
  test(`an invalid app name: ${JSON.stringify(name).slice(0, 12)}`, (t) => {
    const [error, ...others] = checkAppName(name)
    t.is(error?.field, 'name')
    t.regex(error?.message ?? '', message)
    t.is(others.length, 0)
  })
}
