import test from 'ava'
import { ableToken, fakeCloudflare, someAccount } from '../helpers/fake-cloudflare.ts'
import { runningNode } from '../helpers/running-node.ts'

test('a token that lacks a permission is refused at its field, by REST and GraphQL, and nothing is stored', async (t) => {
  const tokens = { lacking: ableToken({ mayEditTunnels: false }), able: ableToken() }
  const cloudflare = await fakeCloudflare(t, tokens)
  const primary = await runningNode(t, { CLOUDFLARE_API_URL: cloudflare.url })
  const put = (token: string) =>
    primary.send('/api/settings', { method: 'PUT', json: { cloudflare_api_token: token, cloudflare_account_id: someAccount } })

  const refused = await put('lacking')
  t.is(refused.status, 400)
  t.deepEqual(
    refused.json.fields.map(({ field }: { field: string }) => field),
    ['cloudflare_api_token'],
  )
  t.regex(refused.json.fields[0].message, /^lacks the permission Account → Cloudflare Tunnel → Edit/)
  const mutation = 'mutation ($input: UpdateSettingsInput!) { updateSettings(input: $input) { cloudflareAccountId } }'
  const { errors } = await primary.graphql(mutation, { input: { cloudflareApiToken: 'lacking', cloudflareAccountId: someAccount } })
  t.is(errors[0].extensions.code, 'INVALID_INPUT')
  t.is(errors[0].extensions.fields[0].field, 'cloudflareApiToken')

  cloudflare.instead = 503
  t.is((await put('able')).status, 409)
  t.deepEqual((await primary.send('/api/settings')).json, { cloudflare_api_token: null, cloudflare_account_id: null, primary_url: null })
  cloudflare.instead = null
  t.is((await put('able')).status, 200)
  t.false(JSON.stringify(primary.log).includes('lacking'))
})
