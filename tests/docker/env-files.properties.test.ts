import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { pino } from 'pino'
import { envFileText, isOwnEnvFile, quotedForBoth } from '../../api/apps/environment/env-file.ts'
import { readEnvText } from '../../api/apps/environment/env-text.ts'
import { createComposeCli } from '../../api/docker/compose-cli.ts'
import { composeVersions, testEachVersion } from '../helpers/compose-versions.ts'
import { uniqueProject } from '../helpers/docker.ts'

const log = pino({ level: 'silent' })

const hardCharacters = [
  ...'\'"\\$#=:{}()[]%&;,`!~ \t\n',
  'a',
  'B',
  '1',
  '_',
  'ö',
  '漢',
  '😀',
  '${A}',
  '$A',
  ' #',
  '\\n',
  '\\\\',
  "\\'",
  '\\"',
]
const hardValue = fc.array(fc.constantFrom(...hardCharacters), { maxLength: 12 }).map((parts) => parts.join(''))
/** A seed of its own per run, which a failure prints. */
const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
  fc.sample(arbitrary, { numRuns: count, seed: Date.now() & 0x7fffffff })

interface Model {
  services: Record<string, { environment?: Record<string, string | null> }>
}

const undoubled = (value: string | null | undefined): string | null | undefined => value?.replaceAll('$$', '$')

testEachVersion('every value that .env carries is read back as it is', async (t, { env }) => {
  const compose = createComposeCli({ log, env })
  const values = [
    '',
    ' ',
    "it's",
    '"',
    '\'"',
    'a b',
    ' lead',
    'trail ',
    '#x',
    'a #b',
    '$',
    '$$',
    '${A}',
    '$A',
    '\\',
    'a\\nb',
    'one\ntwo\n',
    '😀',
    ...sample(hardValue, 250),
  ]
  const environment = values.map((value, at) => ({ name: `V${at}`, value, secret: false }))
  const text = envFileText(environment)
  t.true(isOwnEnvFile(text))
  const carried = environment.filter(({ value }) => quotedForBoth(value) !== null)
  t.true(carried.length > environment.length / 2, `${carried.length} of ${environment.length}`)

  const project = await uniqueProject(t)
  await writeFile(join(project.directory, '.env'), text)
  const lines = environment.map(({ name }) => `      ${name}: "\${${name}-missing}"\n`).join('')
  await project.writeCompose(`services:\n  a:\n    image: x\n    environment:\n${lines}  b:\n    image: x\n    env_file: [.env]\n`)
  const { services } = (await compose.model(project, AbortSignal.timeout(30_000))) as Model
  for (const { name, value } of carried) {
    t.is(undoubled(services['a']?.environment?.[name]), value, `${name}: ${JSON.stringify(value)} as ${quotedForBoth(value)}`)
    t.is(undoubled(services['b']?.environment?.[name]), value, `${name}: ${JSON.stringify(value)} by env_file as ${quotedForBoth(value)}`)
  }
  for (const { name } of environment.filter(({ value }) => quotedForBoth(value) === null)) {
    t.is(services['a']?.environment?.[name], 'missing')
    t.regex(text, new RegExp(`^# .*\\b${name}\\b`, 'm'))
  }
  t.deepEqual(readEnvText(text).variables.filter(({ name }) => /^V\d+$/.test(name)).map(({ value }) => value), carried.map(({ value }) => value)) // prettier-ignore
})

const lineEnd = fc.constantFrom('\n', '\r\n', '\n\n', '\n# comment $X ${ \' "\n', '  # behind\n')
const written = fc.oneof(
  hardValue.map((value) => value.replaceAll('\n', ' ')),
  hardValue.map((value) => `'${value}'`),
  hardValue.map((value) => `"${value}"`),
)
const statement = fc
  .tuple(fc.constantFrom('', 'export ', ' '), fc.constantFrom('A', 'B', 'C', 'D'), fc.constantFrom('=', ' = ', ': '), written, lineEnd)
  .map((parts) => parts.join(''))
const envText = fc
  .tuple(fc.constantFrom('', '\uFEFF'), fc.array(statement, { minLength: 1, maxLength: 5 }))
  .map(([bom, all]) => bom + all.join(''))

test('a text that is read without a problem is read as Compose 2 reads it', async (t) => {
  const { env } = composeVersions.find(({ major }) => major > 1) ?? {}
  const compose = createComposeCli({ log, ...(env && { env }) })
  const project = await uniqueProject(t)
  const texts = sample(envText, 400).filter((text) => readEnvText(text).problems.length === 0)
  t.true(texts.length > 50)
  await Promise.all(texts.map((text, at) => writeFile(join(project.directory, `f${at}.env`), text)))
  await project.writeCompose(`services:\n${texts.map((_, at) => `  s${at}: { image: x, env_file: [f${at}.env] }\n`).join('')}`)
  const { services } = (await compose.model(project, AbortSignal.timeout(30_000))) as Model
  texts.forEach((text, at) => {
    const read = Object.fromEntries(readEnvText(text).variables.map(({ name, value }) => [name, value]))
    const theirs = Object.entries(services[`s${at}`]?.environment ?? {}).map(([name, value]) => [name, undoubled(value)])
    t.deepEqual(read, Object.fromEntries(theirs), JSON.stringify(text))
  })
})
