import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { checkText } from '../../../api/apps/compose/text-check.ts'
import { portsIn } from '../../../api/apps/compose/listeners.ts'

const corpus = join(import.meta.dirname, '../../docker/corpus')
const service = (lines: string): string => `services:\n  web:\n    image: a\n${lines.replaceAll(/^/gm, '    ')}\n`

/** What is certain, then what Compose has to decide, each with its line. */
async function told(content: string): Promise<string[]> {
  const { refusals, problems, doubts, suspicions } = await checkText(content)
  return [...refusals, ...problems, ...doubts, ...suspicions].map(({ line, message }) => `${line}: ${message}`)
}

test('files that Compose accepts have no problem that we would call certain, and nothing suspicious', async (t) => {
  const names = readdirSync(corpus).filter((name) => name.endsWith('.yaml'))
  for (const name of names) {
    const content = readFileSync(join(corpus, name), 'utf8')
    if (/^# .*(?:refused|refuses|notices)/m.test(content)) continue
    t.deepEqual(await told(content), [], name)
  }
})

const wrong: Record<string, [content: string, told: string[]]> = {
  'several problems at once': [
    service('ports:\n  - 99999:80\n  - "80:70000/tpc"\nrestart: allways\nprots: []\nhealthcheck: { interval: 5x }\nmem_limit: lots'),
    [
      '7: "services.web.restart" must be one of no, always, unless-stopped, on-failure, not "allways". Did you mean "always"?',
      '5: there is no port 99999 on the host. Ports go from 1 to 65535',
      '6: there is no port 70000 in the container. Ports go from 1 to 65535',
      '6: entry 2 of "services.web.ports" must use tcp, udp or sctp, not "tpc". Did you mean "tcp"?',
      '9: "services.web.healthcheck.interval" must be a time such as 1m30s, not "5x"',
      '10: "services.web.mem_limit" must be a size such as 512m, not "lots"',
      '8: "prots" is not a valid service option. Did you mean "ports"?',
    ],
  ],
  'what Docker refuses when the app starts': [
    service(
      'working_dir: rel\ntmpfs: [run, /tmp]\nvolumes:\n  - ./a:rel\n  - "data:/data:ro"\n  - type: bind\n    source: ./b\n    target: b\n  - "d:/d"\n  - "${A}:b"',
    ).replace('image: a', 'image: "UPPER CASE"'),
    [
      '3: "services.web.image" is "UPPER CASE", which is no image name. Names are in lower case, such as nginx:1.29',
      '7: entry 1 of "services.web.volumes" is "./a:rel". The path in the container must start with "/"',
      '11: "services.web.volumes.target" is "b". The path in the container must start with "/"',
      '5: entry 1 of "services.web.tmpfs" is "run". The path in the container must start with "/"',
      '4: "services.web.working_dir" is "rel". The path in the container must start with "/"',
      '12: Compose 2 takes "d:" in "d:/d" for a Windows drive. Use a name of two or more letters',
    ],
  ],
  'wrong types, in the words of people': [
    service('environment: TZ=UTC\nuser: 1000\nlabels:\n  - a=b\n  - 5'),
    [
      '4: "services.web.environment" must be a mapping or a list',
      '8: entry 2 of "services.web.labels" must be text. Put it in quotes',
      '5: "services.web.user" must be text. Put it in quotes',
    ],
  ],
  'a misspelled option of a volume': [
    'services:\n  web: { image: a }\nvolumes:\n  data:\n    drivr: local\n',
    ['5: "drivr" is not a valid option of "volumes.data". Did you mean "driver"?'],
  ],
  'a port range that ends before it starts': [
    service('ports: ["9000-8000:80"]'),
    ['4: the port range 9000-8000 on the host ends before it starts'],
  ],
  'a value that an alias repeats': [
    'x-base: &base\n  restart: nevr\nservices:\n  web:\n    <<: *base\n    image: a\n',
    ['2: "services.web.restart" must be one of no, always, unless-stopped, on-failure, not "nevr"'],
  ],
}

for (const [what, [content, expected]] of Object.entries(wrong)) {
  test(`finds ${what}`, async (t) => t.deepEqual(await told(content), expected))
}

const fine: Record<string, string> = {
  'a variable in place of a value': service(
    'ports: ["${PORT}:80"]\nrestart: ${RESTART}\nscale: ${N}\nprivileged: ${P}\nmem_limit: ${M:-1g}',
  ),
  'the same port and name in different profiles':
    service('container_name: one\nports: ["80:80"]\nprofiles: [a]') +
    '  other: { image: a, container_name: two, ports: ["80:80"], profiles: [b] }\n',
  'one port for tcp and for udp, and on two addresses':
    service('ports: ["53:53/udp", "127.0.0.1:80:80"]') + '  other: { image: a, ports: ["53:53", "127.0.0.2:80:80"] }\n',
  'keys that are like parts of an object': service('labels: { __proto__: a, constructor: b, toString: c }'),
}

for (const [what, content] of Object.entries(fine)) {
  test(`has nothing against ${what}`, async (t) => t.deepEqual(await told(content), []))
}

test('any text gets an answer, with lines that the text has', async (t) => {
  const piece = fc.constantFrom(
    ...[
      'services:\n',
      '  web:\n',
      '    image: a\n',
      '    ports:\n',
      '      - 80:80\n',
      '    restart: x\n',
      '- a\n',
      '&a ',
      '*a',
      '<<: *a\n',
    ],
    ...['{', '}', '[', ']', ': ', '"', '${A}', '\n', '  ', 'networks:\n', '  front: {}\n', '    networks: [front]\n', '    scale: -1\n'],
  )
  const text = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 200 }),
  )
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(text, async (content) => {
        const { refusals, problems, doubts, suspicions } = await checkText(content)
        const lines = content.split(/\r\n|[\r\n\u0085\u2028\u2029]/).length + 1
        return [...refusals, ...problems, ...doubts, ...suspicions].every(({ line }) => line === null || (line >= 1 && line <= lines))
      }),
      { numRuns: 300 },
    ),
  )
})

test('a file built to be slow is answered soon', async (t) => {
  const many = Array.from({ length: 12_000 }, (_, index) => `      - {a${index}: 1}`).join('\n')
  const aliases = `x-a: &a [${'1, '.repeat(200)}1]\nservices:\n  web:\n    image: a\n    ports: [${'*a, '.repeat(400)}*a]\n`
  for (const content of [service(`ports:\n${many}`.replaceAll(/^ {6}/gm, '  ')), aliases]) {
    const startedAt = performance.now()
    await checkText(content)
    const ms = performance.now() - startedAt
    // Far more than it takes, and far less than comparing each with each would.
    t.true(ms < 10_000, `${ms} ms`)
  }
})

test('reads which ports the kernel says that programs listen on', (t) => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000',
    '   1: 0100007F:9C40 0100007F:1F90 01 00000000:00000000',
  ]
  t.deepEqual(portsIn(table.join('\n')), [8080])
})
