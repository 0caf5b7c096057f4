import test from 'ava'
import { checkAppName, checkComposeContent } from '../../api/apps/compose-file.ts'

const problems = (text: string) => {
  const { refusals, doubts } = checkComposeContent(text)
  return [...refusals, ...doubts]
}
const messages = (text: string): string[] => problems(text).map(({ message }) => message)

const accepted = {
  'the smallest': 'services:\n  web:\n    image: nginx\n',
  'a build': 'services:\n  web:\n    build: .\n',
  'a build with details': 'services: { web: { build: { context: . } } }',
  'extends, whose image is elsewhere': 'services:\n  web:\n    extends: { file: base.yaml, service: web }\n',
  'version, volumes and extensions beside it':
    'version: "3.8"\nx-a: &a { restart: always }\nservices:\n  web:\n    image: a\nvolumes:\n  data:\n',
  'a merged image': 'x-base: &base\n  image: nginx\nservices:\n  web:\n    <<: *base\n  api:\n    <<: [*base, { restart: always }]\n',
  'a merged image, in a file that says YAML 1.1': '%YAML 1.1\n---\nx-base: &base\n  image: nginx\nservices:\n  web:\n    <<: *base\n',
  'a whole service by alias': 'services:\n  web: &web\n    image: nginx\n  copy: *web\n',
  'tags of Compose': 'services:\n  web:\n    image: nginx\n    ports: !reset []\n',
  'a name with every kind of character': 'services:\n  a.B-1_c:\n    image: nginx\n',
  'a variable as image': 'services:\n  web:\n    image: ${IMAGE:-nginx}:${TAG}\n',
  'Windows line ends and a byte order mark': '\uFEFFservices:\r\n  web:\r\n    image: nginx\r\n',
}
for (const [what, text] of Object.entries(accepted)) {
  test(`accepted: ${what}`, (t) => t.deepEqual(messages(text), []))
}

const refused: Record<string, { text: string; message: RegExp }> = {
  nothing: { text: '', message: /^line 1: the file is empty; it needs "services:"/ },
  'only a comment': { text: '# later\n', message: /^line 1: the file is empty/ },
  'a list': { text: '- a\n', message: /^line 1: .*not a list$/ },
  'a word': { text: 'hello', message: /^line 1: .*not a single value$/ },
  'no services': { text: '\nversion: "3"\n', message: /^line 2: the key "services" is missing/ },
  'services without any': { text: 'version: "3"\nservices:\n', message: /^line 2: "services" is empty/ },
  'services as an empty mapping': { text: 'services: {}\n', message: /^line 1: "services" is empty/ },
  'services as a list': { text: 'services:\n  - web\n', message: /^line 1: "services" has to be a mapping.*not a list$/ },
  'a service without anything': {
    text: 'services:\n  ok:\n    image: a\n  web:\n',
    message: /^line 4: the service "web" is empty; give it an "image"/,
  },
  'a service that is a word': {
    text: 'services:\n  web: nginx\n',
    message: /^line 2: the service "web" has to be a mapping.*not a single value$/,
  },
  'a service without image and build': {
    text: 'services:\n  web:\n    ports: ["80"]\n',
    message: /^line 2: the service "web" needs an "image"/,
  },
  'an image without a value': { text: 'services:\n  web:\n    image:\n', message: /^line 2: the service "web" needs an "image"/ },
  'a service name with a space': { text: 'services:\n  "my web":\n    image: a\n', message: /^line 2: the service name "my web" may have/ },
  'a list as service name': {
    text: 'services:\n  ? [a]\n  : { image: a }\n',
    message: /^line 2: the name of a service has to be plain text, not a list/,
  },
  'a tab as indentation': { text: 'services:\n\tweb:\n', message: /^line 2, column 1: a tab cannot indent; use spaces/ },
  'a bracket left open': { text: 'services:\n  web: { image: a\n', message: /^line \d+, column \d+: .*\}/ },
  'two colons in one line': { text: 'services:\n  web: image: a\n', message: /^line 2, column \d+: .*(quote|compact)/i },
  'indentation that does not fit': {
    text: 'services:\n    web:\n      image: a\n  api:\n    image: a\n',
    message: /^line 4, column \d+: .*(column|indent)/,
  },
  'two documents': {
    text: 'services: { a: { image: b } }\n---\nb: 1\n',
    message: /^line 2, column 1: a second document begins here.*"---"$/,
  },
  'a key twice': { text: 'services:\n  web: { image: a }\n  web: { image: b }\n', message: /^line 3: the key "web" is already on line 2/ },
  'a key twice, deep inside': {
    text: 'services:\n  web:\n    image: a\n    labels:\n      x: 1\n      "x": 2\n',
    message: /^line 6: the key "x" is already on line 5/,
  },
  'an unknown alias': { text: 'services:\n  web: *base\n', message: /^line 2: there is no anchor &base before this alias/ },
  'an alias before its anchor': { text: 'services:\n  a: *b\n  c: &b { image: x }\n', message: /^line 2: there is no anchor &b/ },
  'an alias inside of what it names': {
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

test('every wrong service is named, five at most', (t) => {
  const services = (count: number) => `services:\n${Array.from({ length: count }, (_, index) => `  s${index}: {}\n`).join('')}`
  t.deepEqual(
    messages(services(3)).map((message) => message.slice(0, 6)),
    ['line 2', 'line 3', 'line 4'],
  )
  t.is(messages(services(3000)).length, 5)
})

test('256 KiB are accepted, one byte more is not, and is not parsed either', (t) => {
  const head = 'services: { web: { image: a } }\n#'
  const size = 256 * 1024
  t.deepEqual(messages(head + 'x'.repeat(size - head.length)), [])
  t.deepEqual(messages(head + 'x'.repeat(size - head.length + 1)), ['is 257 KiB long; at most 256 KiB are possible'])
  t.deepEqual(messages('ü'.repeat(size / 2 + 1)), ['is 257 KiB long; at most 256 KiB are possible'])
})

/** Ten levels of ten aliases: ten thousand million values when written out. */
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

test('aliases that multiply are refused at once, in lists and in merges', (t) => {
  const end = '\nservices: { web: { image: a, labels: *x9 } }\n'
  const started = performance.now()
  t.regex(messages(levels('x0: &x0 [lol]', (list) => `[${list}]`) + end)[0] ?? '', /^line 2: aliases from here on multiply/)
  t.regex(messages(levels('x0: &x0 { a: b }', (list) => `{ <<: [${list}] }`) + end)[0] ?? '', /^line 2: aliases from here on multiply/)
  t.true(performance.now() - started < 1000)
})

test('a file with many aliases that do not multiply is accepted', (t) => {
  const services = Array.from({ length: 500 }, (_, index) => `  s${index}:\n    <<: *base\n    logging: *log\n`).join('')
  t.deepEqual(messages(`x-log: &log { driver: json-file }\nx-base: &base { image: nginx, restart: always }\nservices:\n${services}`), [])
})

// The parser's own search for equal keys, which compares each with each, takes some 15 s.
test('a large file of short keys is checked in a few seconds', (t) => {
  let text = 'services:\n'
  for (let index = 0; text.length < 250_000; index++) text += ` ${index.toString(36)}: {}\n`
  const started = performance.now()
  t.is(messages(text).length, 5)
  t.true(performance.now() - started < 10_000)
})

for (const name of ['a', '0', 'web-shop_2', '9lives', 'a'.repeat(63)]) {
  test(`a possible app name: ${name.slice(0, 12)}`, (t) => t.deepEqual(checkAppName(name), []))
}
const impossible: [string, RegExp][] = [
  ['', /empty/],
  ['a'.repeat(64), /64 characters; at most 63/],
  ['-web', /begin/],
  ['_web', /begin/],
  ['Web', /lower case/],
  ['web shop', /lower case/],
  ['web\n', /lower case/],
  ['../etc', /lower case/],
  ['wéb', /lower case/],
]
for (const [name, message] of impossible) {
  test(`an impossible app name: ${JSON.stringify(name).slice(0, 12)}`, (t) => {
    const [error, ...others] = checkAppName(name)
    t.is(error?.field, 'name')
    t.regex(error?.message ?? '', message)
    t.is(others.length, 0)
  })
}
