import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import Docker from 'dockerode'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { follow } from '../helpers/graphql.ts'
import { assertProblem, fieldsOf } from '../helpers/problem.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'

const compose = 'services:\n  web:\n    image: selfhostly-test/web:1\n'

const create = (node: RunningNode, json: unknown, query = '') => node.send(`/api/apps${query}`, { method: 'POST', json })

test.before(() => ensureTestImage())

test('an app is created, listed, stopped and removed', async (t) => {
  const node = await runningNode(t)
  const name = uniqueName()
  t.teardown(() => removeProject(name))

  /** Follows a queued operation to its end. */
  async function done(answer: { status: number; json: { operation_id: string; app: { id: string } } }) {
    t.is(answer.status, 202)
    const progress = follow<{ status: string; error: string | null }>(
      t,
      node,
      `subscription { operationProgress(id: "${answer.json.operation_id}") { status error } }`,
    )
    await progress.completed
    t.deepEqual(progress.values.at(-1), { status: 'SUCCEEDED', error: null })
  }

  const created = await create(node, { name, description: 'A page', compose_content: compose })
  t.like(created.json, { name, description: 'A page', node_id: node.id, compose_content: compose, desired_state: 'running' })
  t.like(created.json.operation, { id: created.json.operation_id, kind: 'create', node_id: node.id, app_id: created.json.id })
  await done(created)
  const { id } = created.json
  t.is(readFileSync(join(node.services.config.appsDir, name, 'compose.yaml'), 'utf8'), compose)
  const putOf = (what: string, json: object) => node.send(`/api/apps/${id}/${what}`, { method: 'PUT', json })
  const nightly = { cron: '0 3 * * *', time_zone: 'UTC' }
  t.like((await putOf('schedules', { schedules: [{ ...nightly, action: 'restart' }] })).json, {
    schedules: [{ ...nightly, enabled: true }],
  })
  t.like((await putOf('auto-update', { policy: nightly })).json, { auto_update: { ...nightly, window_minutes: 60, held: null } })
  assertProblem(t, await putOf('auto-update', { policy: { ...nightly, cron: '61 * * * *' } }), 400, { code: 'INVALID_INPUT' })
  assertProblem(t, await putOf('auto-update', { polciy: nightly }), 400, { code: 'INVALID_INPUT' })
  t.like((await putOf('auto-update', { policy: { ...nightly, window_mintes: 5 } })).json, {
    status: 400,
    detail: 'policy.window_mintes: is not a known field. This request takes cron, time_zone, window_minutes, minimum_age_hours',
  })
  assertProblem(t, await putOf('auto-update', {}), 400, { code: 'INVALID_INPUT' })
  t.like((await putOf('auto-update', { policy: nightly })).json, { auto_update: nightly })
  t.like((await putOf('auto-update', { policy: null })).json, { auto_update: null })

  const app = (await node.send(`/api/apps/${id}`)).json
  t.like(app, { id, name, status: 'running', last_known_status: 'running', status_reason: null })
  t.like(app.containers[0], { service: 'web', state: 'running', image: 'selfhostly-test/web:1' })
  t.deepEqual(
    (await node.send('/api/apps')).json.map((one: { id: string }) => one.id),
    [id],
  )
  t.deepEqual((await node.send(`/api/apps?node_ids=${node.id}`)).json.length, 1)
  t.deepEqual((await node.send(`/api/apps?node_ids=${randomUUID()}`)).json, [])

  const taken = await create(node, { name, compose_content: compose })
  assertProblem(t, taken, 409, { code: 'CONFLICT' })
  t.deepEqual(fieldsOf(taken), ['name'])

  await done(await node.send(`/api/apps/${id}/stop`, { method: 'POST' }))
  t.like((await node.send(`/api/apps/${id}`)).json, { status: 'stopped', desired_state: 'stopped' })
  await done(await node.send(`/api/apps/${id}/start`, { method: 'POST' }))
  await done(await node.send(`/api/apps/${id}`, { method: 'PUT', json: { description: 'Another page' } }))
  t.like((await node.send(`/api/apps/${id}`)).json, { status: 'running', description: 'Another page' })

  // Scripts can send back everything they got, with their change.
  const whole = (await node.send(`/api/apps/${id}`)).json
  const put = (json: object) => node.send(`/api/apps/${id}`, { method: 'PUT', json: { ...whole, ...json } })
  await done(await put({ description: 'A third page' }))
  t.like((await node.send(`/api/apps/${id}`)).json, { name, description: 'A third page', version: 1 })
  const cannotChange = { name: 'another', node_id: randomUUID(), desired_state: 'stopped', version: 7, id: randomUUID() }
  for (const [field, value] of Object.entries(cannotChange)) {
    const refused = await put({ [field]: value, description: 'lost' })
    assertProblem(t, refused, 400, { code: 'INVALID_INPUT' })
    t.deepEqual(fieldsOf(refused), [field])
    t.regex(refused.json.detail, /cannot be changed here/)
  }
  t.like((await node.send(`/api/apps/${id}`)).json, { name, description: 'A third page', status: 'running' })

  await done(await put({ compose_content: `# another\n${compose}` }))
  await done(await node.send(`/api/apps/${id}/rollback`, { method: 'POST', json: { version: 1 } }))
  t.like((await node.send(`/api/apps/${id}`)).json, { version: 3, compose_content: compose })
  for (const version of ['x', 0, 1.5, null]) {
    const refused = await node.send(`/api/apps/${id}/rollback`, { method: 'POST', json: { version } })
    assertProblem(t, refused, 400, { code: 'INVALID_INPUT' })
    t.deepEqual(fieldsOf(refused), ['version'])
    t.notRegex(refused.json.detail, /cannot be changed here/)
  }

  const folder = join(node.services.config.appsDir, name)
  writeFileSync(join(folder, 'photo.jpg'), 'the only copy')
  const { items, omitted } = (await node.send(`/api/apps/${id}/removal`)).json
  t.is(omitted, 0)
  t.deepEqual(
    items.map(({ kind, goes }: { kind: string; goes: string }) => `${kind} ${goes}`),
    ['container always', 'network always', 'file always', 'file with_files'],
  )
  t.like(items[3], { name: 'photo.jpg', size_bytes: 13, detail: null, obstacle: null })
  const unclear = await node.send(`/api/apps/${id}?files=maybe`, { method: 'DELETE' })
  assertProblem(t, unclear, 400, { code: 'INVALID_INPUT' })
  t.deepEqual(fieldsOf(unclear), ['files'])
  t.true(existsSync(join(folder, 'photo.jpg')))
  await done(await node.send(`/api/apps/${id}?volumes=true&files=true`, { method: 'DELETE' }))
  assertProblem(t, await node.send(`/api/apps/${id}`), 404, { code: 'NOT_FOUND' })
  t.false(existsSync(join(node.services.config.appsDir, name)))
})

test('a network for several apps is made once', async (t) => {
  const node = await runningNode(t)
  const name = uniqueName()
  t.teardown(() => new Docker().getNetwork(name).remove())
  const make = (json: object) => node.send('/api/networks', { method: 'POST', json })
  const made = await make({ name })
  t.is(made.status, 200)
  t.like(made.json, { name, driver: 'bridge' })
  t.is((await new Docker().getNetwork(name).inspect()).Id, made.json.id)
  assertProblem(t, await make({ name }), 409, { code: 'CONFLICT' })
  const refused = await make({ name: '../x' })
  assertProblem(t, refused, 400, { code: 'INVALID_INPUT' })
  t.deepEqual(fieldsOf(refused), ['name'])
})

test('errors that are known before the start are refused at once and leave no trace', async (t) => {
  const node = await runningNode(t)
  const cases = [
    { json: {}, status: 400, fields: ['name', 'compose_content'] },
    { json: { name: 'UPPER', compose_content: '' }, status: 400, fields: ['name', 'compose_content'] },
    { json: { name: '../../etc', compose_content: compose }, status: 400, fields: ['name'] },
    { json: { name: 'web', compose_content: 'a: [' }, status: 400, fields: ['compose_content'] },
    { json: { name: 'web', compose_content: 'services: {web: {image: x, ports: {a: b}}}' }, status: 400, fields: ['compose_content'] },
    { json: { name: 'web', compose_content: `services: {}\n#${'x'.repeat(300_000)}` }, status: 400, fields: ['compose_content'] },
  ]
  for (const { json, status, fields } of cases) {
    const answer = await create(node, json)
    assertProblem(t, answer, status, { code: 'INVALID_INPUT' })
    t.deepEqual([...new Set(fieldsOf(answer))], fields, JSON.stringify(json).slice(0, 100))
  }
  t.deepEqual((await node.send('/api/apps')).json, [])
  t.false(existsSync(join(node.services.config.appsDir, 'web')))
  t.deepEqual((await node.graphql('{ operations { totalCount } }')).data, { operations: { totalCount: 0 } })
})

test('a field or parameter that would have no effect is refused by name', async (t) => {
  const node = await runningNode(t)
  const app = { name: uniqueName(), compose_content: compose }
  const id = randomUUID()
  const post = (path: string, json: object) => node.send(path, { method: 'POST', json })
  const put = (path: string, json: object) => node.send(path, { method: 'PUT', json })
  const ignored: [call: () => ReturnType<RunningNode['send']>, field: string][] = [
    [() => create(node, { ...app, node_id: node.id }), 'node_id'],
    [() => create(node, { ...app, rolback: true }), 'rolback'],
    [() => create(node, app, `?nodeid=${node.id}`), 'nodeid'],
    [() => node.send('/api/apps?node_id=a'), 'node_id'],
    [() => node.send(`/api/apps/${id}?file=true`, { method: 'DELETE' }), 'file'],
    [() => post(`/api/apps/${id}/update`, { compose_content: compose }), 'compose_content'],
    [() => post('/api/nodes', { label: {} }), 'label'],
    [() => put(`/api/nodes/${node.id}`, { endpoint: 'http://127.0.0.1:1' }), 'endpoint'],
    [() => put(`/api/nodes/${node.id}`, { is_primary: false }), 'is_primary'],
    [() => put(`/api/nodes/${node.id}`, { maintenance: { since: new Date(0), by: 'me', reason: null, until: null } }), 'maintenance'],
    [() => put('/api/settings', { cloudflare_token: 'x' }), 'cloudflare_token'],
    [() => put('/api/settings', { primary_url: 'http://127.0.0.1:1' }), 'primary_url'],
    [() => node.send('/api/system/stats?node_id=a'), 'node_id'],
    [() => node.send('/api/audit.jsonl?nodes=a'), 'nodes'],
  ]
  for (const [call, field] of ignored) {
    const answer = await call()
    assertProblem(t, answer, 400, { code: 'INVALID_INPUT' })
    t.deepEqual(fieldsOf(answer), [field])
  }
  const { json } = await node.send('/api/apps?node_id=a')
  t.regex(json.detail, /^node_id: is not a known query parameter\. This request takes (labels, node_ids|node_ids, labels)$/)
  t.deepEqual((await node.send('/api/apps')).json, [])
  for (const path of [`/api/nodes/${node.id}`, '/api/settings']) t.is((await put(path, (await node.send(path)).json)).status, 200, path)
})

test('an app for a node that is offline or unknown is refused and created nowhere', async (t) => {
  const primary = await runningNode(t)
  const away = { id: randomUUID(), name: 'away', api_endpoint: 'http://127.0.0.1:9', api_key: 'key-of-nobody' }
  await primary.send('/api/nodes', { method: 'POST', json: away })
  const app = { name: uniqueName(), compose_content: compose }
  assertProblem(t, await create(primary, app, `?node_id=${away.id}`), 503, { code: 'NODE_UNREACHABLE', title: 'Unavailable' })
  assertProblem(t, await create(primary, app, `?node_id=${randomUUID()}`), 404, { code: 'NOT_FOUND' })
  t.deepEqual((await primary.send('/api/apps')).json, [])
})

test("another node's refusals are passed on unchanged", async (t) => {
  const primary = await runningNode(t)
  const secondary = await runningSecondary(t, primary)
  const json = { id: secondary.id, name: 'worker-1', api_endpoint: secondary.url, api_key: secondary.key }
  await primary.send('/api/nodes', { method: 'POST', json })
  const answer = await create(primary, { name: 'UPPER', compose_content: '' }, `?node_id=${secondary.id}`)
  assertProblem(t, answer, 400, { code: 'INVALID_INPUT' })
  t.deepEqual(fieldsOf(answer), ['name', 'compose_content'])
  t.deepEqual((await primary.send('/api/apps')).json, [])
})
