import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import test from 'ava'
import { readConfig, settingNames } from '../../api/config.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8')
const example = readFileSync(join(root, '.env.example'), 'utf8')

/** Docker's tools and Node itself read these, config.ts does not. */
const namesOfOthers = ['DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH', 'NODE_EXTRA_CA_CERTS']

const namesIn = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name)

test('docs/configuration.md has one row for each setting, and no others', (t) => {
  t.deepEqual(namesIn(page, /^\| `([A-Z_]+)`/gm).toSorted(), [...settingNames, ...namesOfOthers].toSorted())
})

test('.env.example has one line for each setting that the file can set, and no others', (t) => {
  t.deepEqual(namesIn(example, /^#([A-Z_]+)=/gm).toSorted(), [...settingNames, 'DOCKER_HOST'].toSorted())
})

test('.env.example sets nothing, and describes each setting in the line above it', (t) => {
  const lines = example.split('\n')
  t.deepEqual(
    lines.filter((line) => line !== '' && !line.startsWith('#')),
    [],
  )
  for (const [index, line] of lines.entries()) if (/^#[A-Z_]+=/.test(line)) t.regex(lines[index - 1] ?? '', /^# \S/, line)
})

test('the values in .env.example are the defaults', (t) => {
  const values = parseEnv(example.replace(/^#(?=[A-Z_]+=)/gm, ''))
  t.deepEqual(readConfig(values), readConfig({}))
})

/** Defaults that the page describes in words, because they depend on something else. */
const inWords: Record<string, string> = {
  APPS_DIR: '`apps` beside the data folder',
  BACKUP_DIR: '`backups` in the data folder',
  SECRET_KEY: 'generated once',
  JWT_SECRET: 'generated once',
  NODE_ID: 'generated once',
  NODE_API_KEY: 'generated once',
  NODE_NAME: 'host name, or the name from joining',
  NODE_API_ENDPOINT: '`http://localhost:<port>`',
  AUTH_ENABLED: 'unset',
  AUTH_BASE_URL: 'value of `NODE_API_ENDPOINT`',
  OIDC_LABEL: "the issuer's host name",
}

test('docs/configuration.md has the same defaults as .env.example', (t) => {
  const values = parseEnv(example.replace(/^#(?=[A-Z_]+=)/gm, ''))
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` *\| *(.*?) *\|/gm)].filter(([, name = '']) => settingNames.includes(name))
  t.true(rows.length > 40)
  for (const [, name = '', written = ''] of rows) {
    const given = values[name] ?? ''
    const expected = inWords[name] ?? (given === '' ? '' : `\`${given}\``)
    t.is(written, expected, name)
  }
})

test('docs/configuration.md shows the message of a wrong start as the program writes it', (t) => {
  const shown = /^```\n(The configuration [^]*?)\n```$/m.exec(page)?.[1]
  const error = t.throws(() => readConfig({ NODE_IS_PRIMARY: 'false', SERVER_ADDRESS: 'x' }))
  t.is(shown, error?.message ?? '')
})
