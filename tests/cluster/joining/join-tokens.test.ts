import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import type { AppError } from '../../../api/errors.ts'
import { createJoinAttempts } from '../../../api/cluster/joining/join-attempts.ts'
import { joinCommands } from '../../../api/cluster/joining/join-commands.ts'
import { createJoinTokens } from '../../../api/cluster/joining/join-tokens.ts'
import { nameFor } from '../../../api/cluster/members/node-names.ts'
import { testDatabase } from '../../helpers/database.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { endsOf } from '../../helpers/settled.ts'

const hourMs = 3600 * 1000

async function setUp(t: ExecutionContext<unknown>) {
  const { em } = await testDatabase(t)
  const clock = createManualClock()
  const revoked: string[] = []
  const self = { isPrimary: true, apiEndpoint: 'http://192.168.1.10:8080' }
  const open = async () => {
    const tokens = createJoinTokens({ em, clock, self, onRevoked: (id) => void revoked.push(id) })
    await tokens.start()
    return tokens
  }
  return { tokens: await open(), open, clock, revoked, em }
}

test('by default a token is for one node, for a day, named by its host', async (t) => {
  const { tokens, clock } = await setUp(t)
  const { token, secret } = await tokens.create({ name: ' rack 1 ' }, 'alice')
  t.regex(secret, /^shlyjoin_[0-9a-f-]{36}_[\w-]{43}$/)
  t.like(token, { name: 'rack 1', namePattern: '{hostname}', labels: {}, maxUses: 1, uses: 0, createdBy: 'alice' })
  t.deepEqual(token.expiresAt, new Date(clock.now().getTime() + 24 * hourMs))
  t.deepEqual(tokens.find(secret), token)
  t.is(tokens.stateOf(token), 'open')
  clock.advance(24 * hourMs - 1)
  t.is(tokens.stateOf(token), 'open')
  clock.advance(1)
  t.is(tokens.stateOf(token), 'expired')
})

test('uses and revocations survive a restart, and a use can be returned', async (t) => {
  const { tokens, open, revoked } = await setUp(t)
  const { token, secret } = await tokens.create({ name: 'rack', maxUses: 2 }, 'alice')
  await tokens.take(token.id)
  await tokens.take(token.id)
  await t.throwsAsync(tokens.take(token.id), { code: 'UNAUTHENTICATED' })
  const restarted = await open()
  t.is(restarted.stateOf(token), 'used-up')
  t.is(restarted.find(secret)?.uses, 2)
  await restarted.giveBack(token.id)
  t.is((await open()).stateOf(token), 'open')
  await tokens.revoke(token.id)
  t.deepEqual(revoked, [token.id])
  t.is(tokens.find(secret), null)
  t.deepEqual((await open()).list(), [])
  await t.throwsAsync(tokens.revoke(token.id), { code: 'NOT_FOUND' })
})

test('the database holds only a hash, and forged tokens are unknown', async (t) => {
  const { tokens, em } = await setUp(t)
  const { token, secret } = await tokens.create({ name: 'rack' }, 'alice')
  const { secret: other } = await tokens.create({ name: 'other' }, 'alice')
  const rows = await em.getConnection().execute<{ id: string; secret_hash: string }[]>('select * from join_tokens')
  t.is(rows.length, 2)
  t.false(JSON.stringify(rows).includes(secret.slice(-43)))
  const forged = [
    ...['', 'shlyjoin_', `${secret}x`, ` ${secret}`, secret.slice(0, -1), secret.replace('shlyjoin', 'shly')],
    `shlyjoin_${token.id}_${other.slice(-43)}`,
    `shlyjoin_${token.id}_${rows[0]?.secret_hash}`,
  ]
  for (const each of forged) t.is(tokens.find(each), null, each)
  t.is(tokens.find(secret)?.id, token.id)
})

test('all invalid fields are named at once', async (t) => {
  const { tokens } = await setUp(t)
  const wrong = {
    ...{ name: ' ', namePattern: 'web-{number}', labels: { '': 'x' }, maxUses: 0, expiresInHours: 1.5, primaryUrl: 'primary:8080' },
  }
  const error = await t.throwsAsync<AppError>(tokens.create(wrong, 'alice'), { code: 'INVALID_INPUT' })
  t.deepEqual(
    error.fields.map(({ field }) => field),
    ['name', 'namePattern', 'labels', 'maxUses', 'expiresInHours', 'primaryUrl'],
  )
  t.regex(
    error.message,
    /namePattern: contains the unknown placeholder \{number\}.*\{hostname\} and \{n\}.*maxUses: must be a whole number from 1 to 1000/,
  )
  for (const namePattern of ['web-{', 'web-}', '{}', 'x'.repeat(81)]) {
    await t.throwsAsync(tokens.create({ name: 'x', namePattern }, 'alice'), { code: 'INVALID_INPUT' }, namePattern)
  }
})

test('names are unique, also for concurrent creations', async (t) => {
  const { tokens } = await setUp(t)
  const made = await Promise.allSettled([tokens.create({ name: 'rack' }, 'alice'), tokens.create({ name: 'rack' }, 'bob')])
  t.deepEqual(endsOf(made), ['done', 'CONFLICT'])
  await t.throwsAsync(tokens.create({ name: 'rack' }, 'alice'), { code: 'CONFLICT', message: /already a join token named rack/ })
})

test('at most 200 tokens; an expired one makes room', async (t) => {
  const { tokens, clock } = await setUp(t)
  await tokens.create({ name: 'short', expiresInHours: 1 }, 'alice')
  for (let count = 1; count < 200; count += 1) await tokens.create({ name: `token ${count}`, expiresInHours: 100 }, 'alice')
  await t.throwsAsync(tokens.create({ name: 'one more' }, 'alice'), { code: 'CONFLICT', message: /Revoke one/ })
  clock.advance(hourMs)
  await tokens.create({ name: 'one more' }, 'alice')
  t.false(tokens.list().some(({ name }) => name === 'short'))
})

test('a pattern gives free names', (t) => {
  const taken = new Set(['web-1', 'web-3', 'box', 'box-2'])
  const made = (pattern: string, hostname = 'box') => nameFor(pattern, hostname, taken)
  t.is(made(`{hostname}-of-${'p'.repeat(60)}`, 'h'.repeat(100)).length, 100, 'the host name is cut if the name would be too long')
  t.is(made('web-{n}'), 'web-2')
  t.is(made('{hostname}'), 'box-3')
  t.is(made('{hostname}', 'other'), 'other')
  t.is(made('box'), 'box-3')
  t.is(made('{hostname}-of-{n}'), 'box-of-1')
  t.is(made('{hostname}', '$& {n}'), '$& {n}', 'a host name is taken literally')
})

test('attempts: the last 50 are kept, those with unknown tokens separately', (t) => {
  const clock = createManualClock()
  const told: string[] = []
  const attempts = createJoinAttempts({ clock, onAttempt: ({ message }) => void told.push(message) })
  const add = (message: string, tokenId: string | null) => {
    clock.advance(1)
    const attempt = { address: '192.0.2.1', hostname: null, tokenName: tokenId, nodeId: null, hop: 'token' as const }
    attempts.add({ ...attempt, tokenId, ok: false, message })
  }
  for (let count = 0; count < 60; count += 1) add(`known ${count}`, 'a')
  for (let count = 0; count < 500; count += 1) add(`unknown ${count}`, null)
  const messages = attempts.list().map(({ message }) => message)
  t.is(messages.filter((message) => message.startsWith('known')).length, 50)
  t.is(messages.filter((message) => message.startsWith('unknown')).length, 20)
  t.is(messages[0], 'unknown 499', 'newest first')
  t.is(attempts.lastOf('a')?.message, 'known 59')
  t.is(told.length, 560)
  attempts.forget('a')
  t.is(attempts.lastOf('a'), null)
})

const secret = 'shlyjoin_3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90_abc-DEF_123'

/** The words that the last program of a line gets, and the variables before it, from a real shell. */
async function readByShell(command: string): Promise<string[]> {
  const asked = command.replace(/^docker run .* \| \$\(command -v sudo\) sh -s --/, 'say').replace(/ npm start$/, ' env')
  const { stdout } = await promisify(execFile)('sh', ['-c', `say() { printf '%s\\n' "$@"; }; ${asked}`])
  return stdout.trimEnd().split('\n')
}

test('the commands are one line each, and a shell reads them as intended', async (t) => {
  const primaryUrl = "https://primary.example.com/it's $(a) `path`;"
  const { docker, systemd, npm } = joinCommands({ primaryUrl, secret })
  t.false([docker, systemd, npm].join('').includes('\n'))
  const options = ['--image', 'selfhostly:local', '--primary', primaryUrl, '--join-token', secret]
  t.deepEqual(await readByShell(docker), options)
  t.deepEqual(await readByShell(systemd), [...options, '--systemd'])
  const settings = await readByShell(npm)
  for (const word of ['NODE_IS_PRIMARY=false', `PRIMARY_NODE_URL=${primaryUrl}`, `JOIN_TOKEN=${secret}`])
    t.true(settings.includes(word), word)
  const plain = joinCommands({ primaryUrl: 'http://192.168.1.10:8080', secret, image: 'registry.example.com/selfhostly:1.2' })
  t.is(plain.npm, `NODE_IS_PRIMARY=false PRIMARY_NODE_URL=http://192.168.1.10:8080 JOIN_TOKEN=${secret} npm start`)
  t.regex(
    plain.docker,
    /^docker run --rm registry\.example\.com\/selfhostly:1\.2 selfhostly install-script \| .* --image registry\.example\.com\/selfhostly:1\.2 /,
  )
})

test("the commands use the given primary URL, else the primary's endpoint", async (t) => {
  const { tokens } = await setUp(t)
  const given = await tokens.create({ name: 'a', primaryUrl: 'https://selfhostly.example.com/' }, 'alice')
  t.regex(given.commands.npm, /PRIMARY_NODE_URL=https:\/\/selfhostly\.example\.com /)
  t.regex((await tokens.create({ name: 'b' }, 'alice')).commands.npm, /PRIMARY_NODE_URL=http:\/\/192\.168\.1\.10:8080 /)
})
