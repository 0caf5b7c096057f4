import test, { type ExecutionContext } from 'ava'
import { accountProblems } from '../../../api/tunnels/cloudflare/account-check.ts'
import { ableToken, fakeCloudflare, someAccount, type FakeToken } from '../../helpers/fake-cloudflare.ts'
import { freePort } from '../../helpers/free-port.ts'

async function problemsWith(t: ExecutionContext, given: Partial<FakeToken>, accountId: string | null = someAccount): Promise<string[]> {
  const cloudflare = await fakeCloudflare(t, { token: ableToken(given) })
  const problems = await accountProblems({ apiToken: 'token', accountId }, cloudflare.url)
  return problems.map(({ field, message }) => `${field} ${message}`)
}

test('a token that may edit tunnels and DNS has no problem, a person’s or an account’s', async (t) => {
  t.deepEqual(await problemsWith(t, {}), [])
  t.deepEqual(await problemsWith(t, { of: 'account' }), [])
})

test('a token without an account is only looked at itself', async (t) => {
  t.deepEqual(await problemsWith(t, { mayEditTunnels: false, zone: null }, null), [])
  const [problem] = await problemsWith(t, { status: 'expired' }, null)
  t.is(problem, 'cloudflareApiToken is expired at Cloudflare. Renew it or create a new one')
})

test('each missing permission is named', async (t) => {
  const how = 'Add it at https://dash.cloudflare.com/profile/api-tokens'
  t.deepEqual(await problemsWith(t, { mayEditTunnels: false, zone: { mayEditDns: false } }), [
    `cloudflareApiToken lacks the permission Account → Cloudflare Tunnel → Edit. ${how}`,
    `cloudflareApiToken lacks the permission Zone → DNS → Edit for example.com. ${how}`,
  ])
  t.deepEqual(await problemsWith(t, { zone: null }), [
    `cloudflareApiToken lacks the permission Zone → DNS → Edit for a zone of this account. ${how}`,
  ])
})

test('an unknown token, a foreign account and what is no account are told apart', async (t) => {
  const cloudflare = await fakeCloudflare(t)
  t.deepEqual(await accountProblems({ apiToken: 'token', accountId: someAccount }, cloudflare.url), [
    { field: 'cloudflareApiToken', message: 'is not accepted by Cloudflare: Invalid API Token. Copy it again or create a new one' },
  ])
  t.deepEqual(await problemsWith(t, {}, 'f'.repeat(32)), [
    `cloudflareAccountId is not an account of this token. It has Home (${someAccount})`,
  ])
  const [problem] = await problemsWith(t, {}, 'home')
  t.regex(problem ?? '', /^cloudflareAccountId is not accepted by Cloudflare: Could not route to .*object identifier is invalid/)
})

test('only what does not exist is asked to go', async (t) => {
  const cloudflare = await fakeCloudflare(t, { token: ableToken() })
  await accountProblems({ apiToken: 'token', accountId: someAccount }, cloudflare.url)
  const changing = cloudflare.requests.filter((request) => !request.startsWith('GET '))
  t.is(changing.length, 2)
  for (const request of changing) t.regex(request, /^DELETE \S+\/[0-]+$/)
})

test('while Cloudflare fails, limits or is out of reach, nothing is said about the token', async (t) => {
  const cloudflare = await fakeCloudflare(t, { token: ableToken() })
  for (const status of [429, 500, 503]) {
    cloudflare.instead = status
    const error = await t.throwsAsync(accountProblems({ apiToken: 'token', accountId: someAccount }, cloudflare.url))
    t.like(error, {
      code: 'CONFLICT',
      message: `Cloudflare cannot be asked now: it answers with HTTP ${status}. Nothing was changed. Try again later`,
    })
  }
  const gone = `http://127.0.0.1:${await freePort()}/client/v4`
  const error = await t.throwsAsync(accountProblems({ apiToken: 'token', accountId: someAccount }, gone))
  t.regex(error?.message ?? '', /^Cloudflare cannot be asked now: connect ECONNREFUSED /)
})
