import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { follow } from '../helpers/graphql.ts'
import { web } from '../helpers/own-apps.ts'
import { assertProblem, fieldsOf } from '../helpers/problem.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

const label = (value: string): string => web(`    labels: { made: '${value}' }\n`)

test.before(() => ensureTestImage())

/** A primary and its secondary, which is online and has sent its capabilities. */
async function cluster(t: ExecutionContext) {
  const primary = await runningNode(t)
  const secondary = await runningSecondary(t, primary)
  const json = { id: secondary.id, name: 'worker-1', api_endpoint: secondary.url, api_key: secondary.key }
  await primary.send('/api/nodes', { method: 'POST', json })
  await until(() => primary.services.members.registry.find(secondary.id)?.about?.capabilities.includes('app-versions') ?? false)
  return { primary, secondary }
}

async function done(t: ExecutionContext, node: RunningNode, operationId: string): Promise<void> {
  const progress = follow<{ status: string; error: string | null }>(
    t,
    node,
    `subscription { operationProgress(id: "${operationId}") { status error } }`,
  )
  await progress.completed
  t.deepEqual(progress.values.at(-1), { status: 'SUCCEEDED', error: null })
}

for (const where of ['primary', 'secondary'] as const) {
  test(`REST, GraphQL and calls between nodes edit an app on a ${where} by the same rules`, async (t) => {
    t.timeout(180_000)
    const nodes = await cluster(t)
    const { primary } = nodes
    const owner = nodes[where]
    const name = uniqueName()
    t.teardown(() => removeProject(name))
    const folder = join(owner.services.config.appsDir, name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'docker-compose.yml'), label('1'))
    const onNode = `?node_id=${owner.id}`

    // An existing folder is offered and not overwritten.
    t.deepEqual((await primary.send(`/api/folders${onNode}`)).json, [{ name, compose_file: 'docker-compose.yml' }])
    const onDisk = { file: 'docker-compose.yml', content: label('1'), problem: null }
    t.deepEqual((await primary.send(`/api/folders/${name}/compose${onNode}`)).json, onDisk)
    const query =
      'query ($nodeId: ID!, $name: String!) { preparedFolders(nodeId: $nodeId) { name composeFile } composeOnDisk(nodeId: $nodeId, name: $name) { file content problem } }'
    const asked = await primary.graphql(query, { nodeId: owner.id, name })
    t.deepEqual(asked.data, { preparedFolders: [{ name, composeFile: 'docker-compose.yml' }], composeOnDisk: onDisk })
    const refused = await primary.send(`/api/apps${onNode}`, { method: 'POST', json: { name, compose_content: label('other') } })
    assertProblem(t, refused, 409, { code: 'CONFLICT' })
    t.deepEqual(fieldsOf(refused), ['overwrite_file'])
    const created = await primary.send(`/api/apps${onNode}`, { method: 'POST', json: { name, compose_content: label('1') } })
    t.like(created.json, { version: 1, changed_on_disk: false })
    const { id } = created.json
    await done(t, primary, created.json.operation_id)

    const put = (json: unknown) => primary.send(`/api/apps/${id}`, { method: 'PUT', json })
    const described = await put({ description: 'a word', if_version: 1 })
    t.like(described.json, { description: 'a word', version: 1, operation: { status: 'succeeded' } })
    const saved = await put({ compose_content: label('2'), if_version: 1 })
    await done(t, primary, saved.json.operation_id)
    await until(() => primary.services.feed.inventory.app(id)?.version === 2)

    // Every API refuses an edit of another version.
    const stale = await put({ compose_content: label('mine'), if_version: 1 })
    assertProblem(t, stale, 409, { code: 'CONFLICT' })
    t.deepEqual(fieldsOf(stale), ['if_version'])
    t.regex(stale.json.detail, /is now at version 2/)
    const mutation =
      'mutation ($id: ID!, $input: UpdateAppInput!) { updateApp(id: $id, input: $input) { app { version } operation { id } } }'
    const update = (input: unknown) => primary.graphql(mutation, { id, input })
    const [error] = (await update({ composeContent: label('mine'), ifVersion: 1 })).errors
    t.like(error.extensions, { code: 'CONFLICT', fields: [{ field: 'ifVersion', message: 'is 1, but the current version is 2' }] })
    const headers = nodeHeaders(owner)
    const between = await owner.send(`/api/internal/apps/${id}`, { method: 'PUT', headers, json: { description: 'x', if_version: 1 } })
    assertProblem(t, between, 409, { code: 'CONFLICT' })

    // A change on disk reaches the primary. Nothing deploys it, and only an explicit choice takes or overwrites it.
    const file = join(folder, 'compose.yaml')
    writeFileSync(file, label('by hand'))
    await until(() => primary.services.feed.inventory.app(id)?.changedOnDisk ?? false)
    const shown = await primary.graphql('query ($id: ID!) { app(id: $id) { changedOnDisk version } }', { id })
    t.deepEqual(shown.data.app, { changedOnDisk: true, version: 2 })
    assertProblem(t, await primary.send(`/api/apps/${id}/start`, { method: 'POST' }), 409, { code: 'CONFLICT' })
    assertProblem(t, await primary.send(`/api/apps/${id}/update`, { method: 'POST' }), 409, { code: 'CONFLICT' })
    const over = await put({ compose_content: label('mine') })
    t.deepEqual(fieldsOf(over), ['overwrite_file'])
    t.is((await primary.send(`/api/folders/${name}/compose${onNode}`)).json.content, label('by hand'))
    const took = await update({ composeContent: label('by hand'), ifVersion: 2 })
    await done(t, primary, took.data.updateApp.operation.id)
    t.is(readFileSync(file, 'utf8'), label('by hand'))
    writeFileSync(file, label('again'))
    const overwritten = await put({ compose_content: label('mine'), if_version: 3, overwrite_file: true })
    await done(t, primary, overwritten.json.operation_id)
    t.is(readFileSync(file, 'utf8'), label('mine'))
    t.like((await primary.send(`/api/apps/${id}`)).json, { version: 4, changed_on_disk: false, description: 'a word' })

    // Further files by the same rules. Of secret ones only the fact is shown.
    const files = [{ path: 'conf/app.ini', content: 'a=1\n' }, { path: 'pw', content: 'hidden-1', secret: true }] // prettier-ignore
    await done(t, primary, (await put({ files })).json.operation_id)
    writeFileSync(join(folder, 'conf/app.ini'), 'a=2\n')
    writeFileSync(join(folder, 'pw'), 'hidden-2')
    await until(() => primary.services.feed.inventory.app(id)?.changedFiles.length === 2)
    t.deepEqual((await primary.send(`/api/apps/${id}/changed-files`)).json, [
      { path: 'conf/app.ini', secret: false, content: 'a=2\n', is_missing: false, problem: null },
      { path: 'pw', secret: true, content: null, is_missing: false, problem: null },
    ])
    assertProblem(t, await primary.send(`/api/apps/${id}/start`, { method: 'POST' }), 409, { code: 'CONFLICT' })
    await done(t, primary, (await put({ take_from_disk: ['conf/app.ini', 'pw'] })).json.operation_id)
    await until(() => primary.services.feed.inventory.app(id)?.version === 6)
    if (owner === primary) return
    writeFileSync(join(folder, 'pw'), 'hidden-3')
    await until(() => primary.services.feed.inventory.app(id)?.changedOnDisk ?? false)
    await owner.stop()
    await until(() => primary.services.members.registry.find(owner.id)?.health.status !== 'online')
    const away = await primary.graphql('query ($id: ID!) { app(id: $id) { changedFiles version } appChangedFiles(id: $id) { path } }', {
      id,
    })
    t.deepEqual(away.data, { app: { changedFiles: ['pw'], version: 6 }, appChangedFiles: null })
    t.like(away.errors, [{ path: ['appChangedFiles'], extensions: { code: 'NODE_UNREACHABLE' } }])
  })
}

test('an older node is not asked for anything it would ignore', async (t) => {
  const { primary, secondary } = await cluster(t)
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const json = { name, compose_content: label('1') }
  const created = await primary.send(`/api/apps?node_id=${secondary.id}`, { method: 'POST', json })
  await done(t, primary, created.json.operation_id)
  const about = primary.services.members.registry.find(secondary.id)?.about
  if (!about) return t.fail('the node has not sent its program data')
  primary.services.members.registry.learn(secondary.id, { ...about, version: '0.0.9', capabilities: ['link'] })
  const put = (change: unknown) => primary.send(`/api/apps/${created.json.id}`, { method: 'PUT', json: change })
  for (const change of [
    { if_version: 1, description: 'x' },
    { overwrite_file: true, compose_content: label('2') },
  ]) {
    const refused = await put(change)
    assertProblem(t, refused, 501, { code: 'NOT_SUPPORTED' })
    t.regex(refused.json.detail, /worker-1 runs 0\.0\.9, which lacks app-versions/)
  }
  assertProblem(t, await primary.send(`/api/folders?node_id=${secondary.id}`), 501, { code: 'NOT_SUPPORTED' })
  t.is((await put({ description: 'x' })).status, 202)
})

test('folders are listed only for a known node and for valid app names', async (t) => {
  const { primary, secondary } = await cluster(t)
  const query = 'query ($nodeId: ID!, $name: String!) { composeOnDisk(nodeId: $nodeId, name: $name) { file } }'
  for (const name of ['../x', '..', '.', '', 'a/../../apps', 'a\0']) {
    const { errors } = await primary.graphql(query, { nodeId: secondary.id, name })
    t.is(errors?.[0]?.extensions?.['code'], 'INVALID_INPUT', JSON.stringify(name))
  }
  assertProblem(t, await primary.send('/api/folders/..%2F..%2Fetc/compose'), 400, {})
  assertProblem(t, await primary.send('/api/folders/Upper/compose'), 400, { code: 'INVALID_INPUT' })
  t.is((await primary.send('/api/folders/nothing-here/compose')).json, null)
  assertProblem(t, await primary.send('/api/folders?node_id=nobody'), 404, { code: 'NOT_FOUND' })
})
