import { randomUUID } from 'node:crypto'
import test from 'ava'
import { assertProblem } from '../helpers/problem.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'
import { someApp } from '../helpers/things.ts'
import { ableToken, fakeCloudflare, someAccount } from '../helpers/fake-cloudflare.ts'

test('stats have one entry per requested node, in that order, including unknown ones', async (t) => {
  const primary = await runningNode(t)
  const secondary = await runningSecondary(t)
  const away = { id: randomUUID(), name: 'away', api_endpoint: 'http://127.0.0.1:9', api_key: 'key-of-nobody' }
  await primary.send('/api/nodes', { method: 'POST', json: away })
  await primary.send('/api/nodes', {
    method: 'POST',
    json: { id: secondary.id, name: 'worker-1', api_endpoint: secondary.url, api_key: secondary.key },
  })

  const all = await primary.send('/api/system/stats')
  t.is(all.status, 200)
  t.deepEqual(all.json.map((entry: { node_id: string }) => entry.node_id).toSorted(), [primary.id, secondary.id, away.id].toSorted())

  const unknown = randomUUID()
  const { json } = await primary.send(`/api/system/stats?node_ids=${unknown},${secondary.id},${away.id}`)
  t.deepEqual(
    json.map((entry: { node_id: string }) => entry.node_id),
    [unknown, secondary.id, away.id],
  )
  t.deepEqual(
    json.map((entry: { state: string }) => entry.state),
    ['error', 'ok', 'error'],
  )
  t.regex(json[0].error, /no node/)
  t.is(json[1].error, null)
  t.true(json[1].memory.total_bytes > 0 && json[1].cpu.cores > 0 && json[1].load.length === 3)
  t.regex(json[1].as_of, /^\d{4}-\d\d-\d\dT/)
  t.regex(json[2].error, /away is offline/)
})

test('nodes, apps and stats can be filtered by node labels, and an invalid label is refused by name', async (t) => {
  const primary = await runningNode(t)
  const register = async (name: string, labels: Record<string, string>): Promise<string> => {
    const json = { id: randomUUID(), name, api_endpoint: 'http://127.0.0.1:9', api_key: 'key-of-nobody', labels }
    t.is((await primary.send('/api/nodes', { method: 'POST', json })).status, 201)
    return json.id
  }
  const [lab, web] = [await register('lab', { env: 'lab' }), await register('web', { env: 'lab', team: 'web' })]
  const { inventory } = primary.services.feed
  for (const nodeId of [lab, web]) inventory.apply(nodeId, { type: 'snapshot', apps: [someApp({ nodeId })], operations: [] })
  const ids = async (path: string, key: string): Promise<string[]> =>
    (await primary.send(path)).json.map((one: Record<string, string>) => one[key]).toSorted()
  for (const [path, key] of [
    ['/api/nodes', 'id'],
    ['/api/apps', 'node_id'],
    ['/api/system/stats', 'node_id'],
  ] as const) {
    t.deepEqual(await ids(`${path}?labels=env=lab`, key), [lab, web].toSorted(), path)
    t.deepEqual(await ids(`${path}?labels=env=lab,team=web`, key), [web], path)
    t.deepEqual(await ids(`${path}?labels=env=prod`, key), [], path)
    const answer = await primary.send(`${path}?labels=env`)
    assertProblem(t, answer, 400, { code: 'INVALID_INPUT' })
    t.deepEqual(answer.json.fields, [{ field: 'labels', message: 'must be labels such as env=lab,team=web' }])
  }
  t.deepEqual(await ids(`/api/system/stats?node_ids=${lab},${web}&labels=team=web`, 'node_id'), [web])
  t.deepEqual(await ids(`/api/apps?node_ids=${lab}&labels=team=web`, 'node_id'), [])
})

test('settings mask secrets, a masked value sent back changes nothing, and null removes a value', async (t) => {
  const cloudflare = await fakeCloudflare(t, { abcdefghij1234567890: ableToken() })
  const primary = await runningNode(t, { CLOUDFLARE_API_URL: cloudflare.url })
  const put = async (json: object) => (await primary.send('/api/settings', { method: 'PUT', json })).json
  t.deepEqual((await primary.send('/api/settings')).json, { cloudflare_api_token: null, cloudflare_account_id: null, primary_url: null })
  const masked = { cloudflare_api_token: '********7890', cloudflare_account_id: someAccount, primary_url: null }
  t.deepEqual(await put({ cloudflare_api_token: 'abcdefghij1234567890', cloudflare_account_id: someAccount }), masked)
  t.deepEqual(await put(masked), masked)
  t.is(primary.services.settings.read().cloudflareApiToken, 'abcdefghij1234567890')
  t.deepEqual(await put({}), masked)
  t.deepEqual(await put({ cloudflare_api_token: null }), {
    cloudflare_api_token: null,
    cloudflare_account_id: someAccount,
    primary_url: null,
  })
  t.false(JSON.stringify(primary.log).includes('abcdefghij'))
})

test('unknown apps are not found', async (t) => {
  const primary = await runningNode(t)
  const path = `/api/apps/${randomUUID()}`
  const calls = [
    ['GET', path],
    ['PUT', path],
    ['DELETE', path],
    ['POST', `${path}/start`],
    ['POST', `${path}/stop`],
    ['POST', `${path}/update`],
  ] as const
  for (const [method, to] of calls) {
    assertProblem(t, await primary.send(to, { method, ...(method === 'PUT' ? { json: {} } : {}) }), 404, { code: 'NOT_FOUND' })
  }
})

test('an unknown path is a 404 problem', async (t) => {
  const primary = await runningNode(t)
  for (const path of ['/api/nothing', '/api/nodes/', '/api', '/API/nodes', '/auth/nothing', '/nothing.js']) {
    assertProblem(t, await primary.send(path), 404, { title: 'Not found' })
  }
  assertProblem(t, await primary.send('/api/nodes', { method: 'PATCH', json: {} }), 404)
})
