import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { eventually, followToEnd, twoNodes, type SeenOperation } from '../helpers/cluster.ts'
import { ensureTestImage, testImage, uniqueProject } from '../helpers/docker.ts'
import { ask } from '../helpers/graphql.ts'
import { containersOf } from '../helpers/own-apps.ts'

interface Preview {
  folder: string | null
  file: string
  mergedFrom: string[]
  composeContent: string
  problem: string | null
  validation: { problems: object[] }
}
interface Begun {
  begun: { operation: SeenOperation }
}
const previewOf = `query ($nodeId: ID!, $input: ImportAppInput!) {
  importPreview(nodeId: $nodeId, input: $input) { folder file mergedFrom composeContent problem validation { problems { message } } }
}`
const starts = 'operation { id kind status appId }'
const importApp = `mutation ($nodeId: ID!, $input: ImportAppInput!) { begun: importApp(nodeId: $nodeId, input: $input) { ${starts} } }`
const updateApp = `mutation ($id: ID!, $input: UpdateAppInput!) { begun: updateApp(id: $id, input: $input) { ${starts} } }`
const removeApp = `mutation ($id: ID!) { begun: removeApp(id: $id, input: { files: true }) { ${starts} } }`
const appQuery = 'query ($id: ID!) { app(id: $id) { status version composeContent versions { nodes { number outcome } } } }'

test('a project of two files on a secondary is imported as one app, which goes back by itself and leaves the folder', async (t) => {
  t.timeout(240_000)
  const [{ name, directory }, { primary, id: nodeId }] = await Promise.all([uniqueProject(t), twoNodes(t), ensureTestImage()])
  const first = `services:\n  web: { image: "${testImage}", network_mode: none, volumes: ['./site.conf:/site.conf:ro'] }\n`
  const second = `services:\n  web: { healthcheck: { test: [CMD, grep, one, /site.conf], interval: 1s, retries: 1 } }\n`
  const own = { 'compose.yaml': first, 'prod.yaml': second, 'site.conf': 'one' }
  for (const [file, content] of Object.entries(own)) writeFileSync(join(directory, file), content)
  const files = ['-f', 'compose.yaml', '-f', 'prod.yaml']
  execFileSync('docker-compose', ['-p', name, ...files, 'up', '-d'], { cwd: directory, stdio: 'ignore' })
  const ids = async () => (await containersOf(name)).map(({ Id, State }) => [Id, State])
  const before = await ids()
  t.is(before.length, 1)

  const asked = { nodeId, input: { project: name } }
  const { importPreview: preview } = await ask<{ importPreview: Preview }>(primary, previewOf, asked)
  const mergedFrom = ['compose.yaml', 'prod.yaml'].map((file) => join(directory, file))
  t.like(preview, { folder: directory, file: 'compose.imported.yaml', mergedFrom, problem: null, validation: { problems: [] } })
  const { composeContent } = preview
  const { begun } = await ask<Begun>(primary, importApp, { nodeId, input: { ...asked.input, composeContent, confirmFolder: directory } })
  t.like((await followToEnd(t, primary, begun.operation)).last, { kind: 'IMPORT', status: 'SUCCEEDED', error: null })
  const id = begun.operation.appId ?? ''
  const read = async () =>
    (await ask<{ app: { composeContent: string; versions: { nodes: { outcome: string }[] } } }>(primary, appQuery, { id })).app
  await eventually(read, ({ versions }) => versions.nodes[0]?.outcome === 'HEALTHY')
  t.deepEqual(await ids(), before, 'nothing was restarted')

  const worse = await ask<Begun>(primary, updateApp, { id, input: { composeContent: composeContent.replace('- one', '- two') } })
  const { last } = await followToEnd(t, primary, worse.begun.operation)
  t.is(last.status, 'FAILED')
  t.regex(last.error ?? '', /web is unhealthy\. The app is back on version 1/)
  const outcomes = ['ROLLED_BACK', 'HEALTHY']
  const back = await read()
  t.like(back, { status: 'RUNNING', version: 1, composeContent })
  t.deepEqual(
    back.versions.nodes.map(({ outcome }) => outcome),
    outcomes,
  )
  t.is(readFileSync(join(directory, 'compose.imported.yaml'), 'utf8'), composeContent)

  const removed = await ask<Begun>(primary, removeApp, { id })
  t.is((await followToEnd(t, primary, removed.begun.operation)).last.status, 'SUCCEEDED')
  t.deepEqual(await ids(), [])
  for (const [file, content] of Object.entries(own)) t.is(readFileSync(join(directory, file), 'utf8'), content)
  t.true(readdirSync(directory).includes('compose.imported.yaml'))
})
