import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { readConfig, settingNames, type Config, type Environment } from '../api/config.ts'
import { StartError } from '../api/errors.ts'

const uuid = '3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90'
const secret = '0123456789abcdef0123456789abcdef'
const secondary = { NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: 'http://primary:8080' }
const signIn = {
  AUTH_ENABLED: 'true',
  JWT_SECRET: secret,
  GITHUB_CLIENT_ID: 'client',
  GITHUB_CLIENT_SECRET: 'client-secret',
  GITHUB_ALLOWED_USERS: 'Ada, grace',
}

/** The lines of the message, without the first. */
function problemsOf(t: ExecutionContext, env: Environment): string[] {
  const error = t.throws(() => readConfig(env), { instanceOf: StartError })
  const [title, ...problems] = error?.message.split('\n') ?? []
  t.is(title, 'The configuration is invalid:')
  return problems.map((line) => line.replace(/^ {2}- /, ''))
}

test('without settings, the node is a primary with its own sign-in', (t) => {
  t.like(readConfig({}), {
    role: 'primary',
    development: false,
    logLevel: 'info',
    listen: { host: undefined, port: 8080 },
    databasePath: resolve('./data/selfhostly.db'),
    dataDir: resolve('./data'),
    appsDir: resolve('./apps'),
    secretKey: undefined,
    access: { mode: 'sign-in', secret: undefined, github: null, oidc: null, grants: [] },
    node: { id: undefined, apiKey: undefined, name: hostname(), nameIsSet: false, apiEndpoint: undefined },
    operations: { deadlineMs: 900_000, parallel: 4 },
    stats: { intervalMs: 30_000 },
    checks: { deadlineMs: 5000, parallel: 200 },
    cloudflare: { apiToken: undefined, accountId: undefined },
    ignored: [],
  })
})

test('empty and blank values count as unset', (t) => {
  t.deepEqual(readConfig(Object.fromEntries(settingNames.map((name, index) => [name, index % 2 ? '' : '  ']))), readConfig({}))
})

type Facts = Record<string, unknown>
const at = (config: Config, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Facts | undefined)?.[key], config)

const right: [name: string, value: string, path: string, meaning: unknown][] = [
  ['APP_ENV', 'development', 'development', true],
  ['APP_ENV', 'development', 'logLevel', 'debug'],
  ['LOG_LEVEL', 'warn', 'logLevel', 'warn'],
  ['SERVER_ADDRESS', '127.0.0.1:9000', 'listen', { host: '127.0.0.1', port: 9000 }],
  ['SERVER_ADDRESS', '[::1]:0', 'listen', { host: '::1', port: 0 }],
  ['SERVER_ADDRESS', 'box.lan:65535', 'listen', { host: 'box.lan', port: 65_535 }],
  ['DATABASE_PATH', '/srv/selfhostly/data/cluster.db', 'dataDir', '/srv/selfhostly/data'],
  ['DATABASE_PATH', '/srv/selfhostly/data/cluster.db', 'appsDir', '/srv/selfhostly/apps'],
  ['DATABASE_PATH', 'here/my.db', 'databasePath', resolve('here/my.db')],
  ['APPS_DIR', 'somewhere', 'appsDir', resolve('somewhere')],
  ['SECRET_KEY', secret, 'secretKey', secret],
  ['NODE_ID', uuid.toUpperCase(), 'node.id', uuid],
  ['NODE_NAME', '  worker-1 ', 'node.name', 'worker-1'],
  ['NODE_API_ENDPOINT', 'https://node.example.com:8443/', 'node.apiEndpoint', 'https://node.example.com:8443'],
  ['NODE_API_KEY', 'a-key-of-its-own', 'node.apiKey', 'a-key-of-its-own'],
  ['PRIMARY_NODE_API_KEY', 'anything', 'role', 'primary'],
  ['CLOUDFLARE_API_TOKEN', 'token', 'cloudflare.apiToken', 'token'],
  ['CLOUDFLARE_ACCOUNT_ID', 'account', 'cloudflare.accountId', 'account'],
  ['AUTH_ENABLED', 'false', 'access.mode', 'trusted-edge'],
  ['AUTH_ENABLED', '0', 'access.mode', 'trusted-edge'],
  ['NODE_IS_PRIMARY', 'TRUE', 'role', 'primary'],
  ['HEALTH_CHECK_TIMEOUT', '0.5', 'checks.deadlineMs', 500],
  ['HEALTH_CHECK_PARALLEL', '1000', 'checks.parallel', 1000],
  ['OPERATION_TIMEOUT', '86400', 'operations.deadlineMs', 86_400_000],
  ['OPERATIONS_PARALLEL', '1', 'operations.parallel', 1],
  ['STATS_INTERVAL', '300', 'stats.intervalMs', 300_000],
]

for (const [name, value, path, meaning] of right) {
  test(`${name}=${value.trim()} sets ${path} to ${JSON.stringify(meaning)}`, (t) => {
    t.deepEqual(at(readConfig({ [name]: value }), path), meaning)
  })
}

const wrong: [name: string, value: string, says: RegExp][] = [
  ['APP_ENV', 'staging', /production or development/],
  ['LOG_LEVEL', 'loud', /debug, info, warn, error, silent/],
  ['SERVER_ADDRESS', '8080', /\[host\]:port such as :8080/],
  ['SERVER_ADDRESS', ':99999', /\[host\]:port/],
  ['SERVER_ADDRESS', '::1:8080', /\[host\]:port/],
  ['SECRET_KEY', 'short', /at least 32 characters; for example/],
  ['AUTH_ENABLED', 'maybe', /true or false, not "maybe"/],
  ['JWT_SECRET', 'short', /at least 32 characters/],
  ['NODE_IS_PRIMARY', 'yes', /true or false, not "yes"/],
  ['NODE_ID', 'node-1', /a UUID such as/],
  ['NODE_NAME', 'n'.repeat(101), /at most 100 characters/],
  ['NODE_API_ENDPOINT', 'node.example.com:8080', /http:\/\/ or https:\/\/ URL such as/],
  ['NODE_API_ENDPOINT', 'http://node/?a=b', /http:\/\/ or https:\/\/ URL/],
  ['NODE_API_ENDPOINT', 'http://:password@node', /http:\/\/ or https:\/\/ URL/],
  ['NODE_API_KEY', 'short', /at least 8 characters/],
  ['NODE_API_KEY', 'a key with spaces', /visible ASCII/],
  ['PRIMARY_NODE_URL', 'ftp://primary', /http:\/\/ or https:\/\/ URL/],
  ['HEALTH_CHECK_TIMEOUT', 'soon', /a number of seconds from 0\.1 to 60/],
  ['HEALTH_CHECK_TIMEOUT', '0', /a number of seconds from 0\.1 to 60/],
  ['HEALTH_CHECK_PARALLEL', '1.5', /a whole number from 1 to 1000/],
  ['OPERATION_TIMEOUT', '9', /a number of seconds from 10 to 86400/],
  ['OPERATIONS_PARALLEL', '65', /a whole number from 1 to 64/],
  ['STATS_INTERVAL', '-5', /a number of seconds from 1 to 300/],
]

for (const [name, value, says] of wrong) {
  test(`refuses ${name}=${value.slice(0, 30)} with its name and a valid value`, (t) => {
    const problems = problemsOf(t, { [name]: value })
    t.is(problems.length, 1, problems.join('\n'))
    t.true(problems[0]?.startsWith(`${name} `), problems[0])
    t.regex(problems[0] ?? '', says)
  })
}

test('one message lists all problems, both missing and wrong settings', (t) => {
  const bad = Object.fromEntries(wrong.map(([name, value]) => [name, value]))
  const problems = problemsOf(t, { ...bad, AUTH_ENABLED: 'true', GITHUB_CLIENT_ID: 'client', NODE_IS_PRIMARY: 'true' })
  const named = problems.map((line) => line.split(' ')[0])
  const expected = Object.keys(bad).filter((name) => name !== 'AUTH_ENABLED' && name !== 'NODE_IS_PRIMARY')
  for (const name of [...expected, 'GITHUB_CLIENT_SECRET', 'GITHUB_ALLOWED_USERS']) t.true(named.includes(name), name)
  t.is(new Set(named).size, named.length, 'each setting once')
})

test('no message repeats a secret', (t) => {
  const secrets = { SECRET_KEY: 'tell-nobody-1', JWT_SECRET: 'tell-nobody-2', NODE_API_KEY: 'tell nobody 3' }
  t.notRegex(problemsOf(t, secrets).join('\n'), /tell.nobody/)
})

test('a secondary needs its primary', (t) => {
  const problems = problemsOf(t, { NODE_IS_PRIMARY: 'false', STATS_INTERVAL: 'often' })
  t.is(problems.length, 2)
  t.regex(problems.join('\n'), /^PRIMARY_NODE_URL is required at a secondary's first start: the URL/m)
  t.like(readConfig(secondary), {
    role: 'secondary',
    primaryUrl: 'http://primary:8080',
    access: { mode: 'sign-in', secret: undefined, github: null, oidc: null, grants: [] },
  })
})

test('settings without effect on a secondary are ignored and listed, and open nothing', (t) => {
  const config = readConfig({ ...secondary, ...signIn, CLOUDFLARE_API_TOKEN: 'token', CLOUDFLARE_ACCOUNT_ID: 'account' })
  t.deepEqual(config.ignored.toSorted(), [...Object.keys(signIn), 'CLOUDFLARE_ACCOUNT_ID', 'CLOUDFLARE_API_TOKEN'].sort())
  t.like(config.access, { mode: 'sign-in', secret: undefined, github: null, oidc: null, grants: [] })
  t.is(readConfig({ ...secondary, AUTH_ENABLED: 'false' }).access.mode, 'sign-in', 'turning sign-in off does not open a secondary')
  t.deepEqual(readConfig({ ...secondary, JWT_SECRET: secret }).ignored, ['JWT_SECRET'], 'no other setting is required')
  const joining = { PRIMARY_NODE_URL: 'http://primary:8080', JOIN_TOKEN: 'shlyjoin_3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90_secret' }
  t.deepEqual(readConfig(joining).ignored, ['PRIMARY_NODE_URL', 'JOIN_TOKEN'])
})

test('a sign-in provider needs all of its settings or none', (t) => {
  t.like(readConfig(signIn), { access: { mode: 'sign-in', secret, github: { clientId: 'client', allow: { users: ['ada', 'grace'] } } } })
  for (const name of Object.keys(signIn).filter((each) => each.startsWith('GITHUB_'))) {
    const problems = problemsOf(t, { ...signIn, [name]: undefined })
    t.is(problems.length, 1)
    t.regex(problems[0] ?? '', new RegExp(`^${name} is required to sign in with GitHub`))
  }
  t.is(problemsOf(t, { AUTH_ENABLED: 'true', OIDC_CLIENT_ID: 'client' }).length, 3, 'issuer, secret and allowed users')
  const none = { mode: 'sign-in', secret: undefined, github: null, oidc: null } as const
  t.like(readConfig({ AUTH_ENABLED: 'true' }), { access: none }, 'the sign-in link is enough')
  t.like(readConfig({ ...signIn, AUTH_ENABLED: undefined }), { access: { ...none, secret } })
})

test('any environment gives a configuration or one StartError', (t) => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'true',
      'false',
      '',
      ' ',
      '0',
      '1e999',
      'NaN',
      '-1',
      ':8080',
      'http://',
      'https://x',
      uuid,
      secret,
      '\0',
      join('a', '..'),
    ),
    fc.webUrl(),
    fc.double().map(String),
  )
  const environment = fc.oneof(
    fc.dictionary(fc.constantFrom(...settingNames), value, { maxKeys: settingNames.length }),
    fc.dictionary(fc.string(), value),
    fc.dictionary(fc.constantFrom(...settingNames), value).map((env) => ({ ...secondary, ...env })),
    fc.dictionary(fc.constantFrom(...settingNames), value).map((env) => ({ ...signIn, ...env })),
  )
  fc.assert(
    fc.property(environment, (env) => {
      try {
        return ['primary', 'secondary'].includes(readConfig(env).role)
      } catch (error) {
        if (!(error instanceof StartError)) throw error
        const [, ...lines] = error.message.split('\n  - ')
        return lines.length > 0 && lines.every((line) => settingNames.includes(line.split(' ')[0] ?? ''))
      }
    }),
    { numRuns: 1000 },
  )
  t.pass()
})
