import test, { type ExecutionContext } from 'ava'
import { Secret, TOTP } from 'otpauth'
import { SecondFactorEntity } from '../../api/auth/second-factor.entity.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { addCheapPerson, cookieOf, signInByPassword, someone } from '../helpers/password.ts'
import { sessionOf } from '../helpers/people.ts'
import { assertProblem } from '../helpers/problem.ts'
import { runningNode } from '../helpers/running-node.ts'

type Test = ExecutionContext<unknown>

async function withApp(t: Test) {
  const clock = createManualClock(new Date('2026-11-30T12:00:00Z'))
  const node = await runningNode(t, { TRUSTED_PROXIES: '127.0.0.1' }, { clock })
  const alice = await addCheapPerson(t, node)
  const headers = await sessionOf(node, alice)
  const ask = async (query: string) => node.graphql(query, {}, headers)
  const begun = (await ask('mutation { beginSecondFactor { secret uri } }')).data.beginSecondFactor
  const totp = new TOTP({ secret: Secret.fromBase32(begun.secret), digits: 6, period: 30 })
  const codeNow = () => totp.generate({ timestamp: clock.now().getTime() })
  const signIn = (code?: string, address = '203.0.113.1') =>
    signInByPassword(node, { ...someone, ...(code === undefined ? {} : { code }) }, { headers: { 'x-forwarded-for': address } })
  const confirm = async () => (await ask(`mutation { confirmSecondFactor(code: "${codeNow()}") }`)).data.confirmSecondFactor as string[]
  return { node, clock, alice, headers, ask, begun, codeNow, signIn, confirm }
}

test('a code is asked for after the password once the app has proven that it has the secret, and no code works twice', async (t) => {
  const { node, clock, begun, ask, codeNow, signIn, confirm } = await withApp(t)
  t.regex(begun.uri, /^otpauth:\/\/totp\/Selfhostly:alice\?/)
  t.is((await signIn()).status, 200, 'not asked for before it is confirmed')
  t.is((await ask('mutation { confirmSecondFactor(code: "000000") }')).errors[0].extensions.code, 'INVALID_INPUT')
  const recovery = await confirm()
  t.is(recovery.length, 10)
  assertProblem(t, await signIn(), 401, { code: 'SECOND_FACTOR_NEEDED' })
  assertProblem(t, await signIn(codeNow()), 401, { code: 'SECOND_FACTOR_NEEDED' })
  clock.advance(30_000)
  const answer = await signIn(codeNow())
  t.is(answer.status, 200, answer.text)
  t.truthy(cookieOf(answer))
  assertProblem(t, await signIn(codeNow()), 401)
  const [first = ''] = recovery
  t.is((await signIn(first.toUpperCase())).status, 200)
  assertProblem(t, await signIn(first), 401)
  t.like((await ask('{ ownSignIn { secondFactor recoveryCodesLeft } }')).data.ownSignIn, { secondFactor: true, recoveryCodesLeft: 9 })
  const wrong = await signInByPassword(node, { ...someone, password: 'not the password', code: codeNow() })
  assertProblem(t, wrong, 401, { detail: 'Wrong name or password', code: 'UNAUTHENTICATED' })
  await node.stop()
  const again = await runningNode(t, { ...node.settings }, { clock })
  assertProblem(t, await signInByPassword(again), 401, { code: 'SECOND_FACTOR_NEEDED' })
})

test('wrong codes are limited, and do not lock out the place where the owner signed in before', async (t) => {
  const { clock, codeNow, signIn, confirm } = await withApp(t)
  await confirm()
  clock.advance(30_000)
  t.is((await signIn(codeNow(), '203.0.113.9')).status, 200)
  clock.advance(30_000)
  const guesses = []
  for (let count = 0; count < 12; count++) guesses.push((await signIn('111111', `198.51.100.${count}`)).status)
  t.deepEqual(guesses.filter((status) => status === 401).length, 10)
  assertProblem(t, await signIn(codeNow(), '198.51.100.50'), 429)
  t.is((await signIn(codeNow(), '203.0.113.9')).status, 200)
})

test('the owner removes it with a code, an administrator resets that of somebody else, and the database has no code', async (t) => {
  const { node, clock, alice, ask, signIn, confirm } = await withApp(t)
  const [first = ''] = await confirm()
  const guess = async () => (await ask('mutation { removeSecondFactor(code: "222222") }')).errors[0].extensions.code
  for (let count = 0; count < 10; count++) t.is(await guess(), 'INVALID_INPUT')
  t.is(await guess(), 'RATE_LIMITED', 'whoever has the session has no more guesses than at the sign-in')
  clock.advance(900_000)
  t.is((await ask(`mutation { removeSecondFactor(code: "${first}") }`)).data.removeSecondFactor, true)
  t.is((await signIn()).status, 200)
  const begun = (await ask('mutation { beginSecondFactor { secret } }')).data.beginSecondFactor
  const { em } = await testDatabase(t, node.databasePath)
  const stored = JSON.stringify(await em.fork().find(SecondFactorEntity, {}))
  t.true(stored.includes(alice.id))
  t.false(stored.includes(begun.secret))
  t.is(
    (await node.graphql(`mutation { resetSecondFactor(id: "${alice.id}") { hasSecondFactor } }`)).data.resetSecondFactor.hasSecondFactor,
    false,
  )
})
