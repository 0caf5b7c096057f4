import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { callerOf } from '../helpers/http-caller.ts'
import { nodeProcess } from '../helpers/node-process.ts'

const create = 'mutation ($nodeId: ID!, $input: CreateAppInput!) { createApp(nodeId: $nodeId, input: $input) { operation { id } } }'

test('npm run compose runs Compose with all variables of an app, while the server runs and when it does not', async (t) => {
  await ensureTestImage()
  const node = await nodeProcess(t, { NODE_NAME: 'primary' })
  await node.start()
  const { id } = await node.identity()
  const name = uniqueName()
  const composeContent = `services:\n  web:\n    image: ${testImage}\n    network_mode: none\n    environment: [KEY, PLAIN]\n    labels: { at: "\${KEY:?}" }\n  more:\n    image: ${testImage}\n    profiles: [extra]\n    network_mode: none\n`
  const environment = [
    { name: 'KEY', value: 'planted "secret" $value', secret: true },
    { name: 'PLAIN', value: 'one\ntwo', secret: false },
  ]
  const input = { name, composeContent, environment }
  const { data } = await callerOf(node.url, node.headers).graphql(create, { nodeId: id, input })
  await node.log.first(({ msg, operation }) => msg === 'operation finished' && operation === data.createApp.operation.id)

  const running = await node.command('compose', [name, 'ps', '--services'])
  t.deepEqual([running.code, running.stdout], [0, 'web\n'], running.stderr)
  await node.stop()

  const config = await node.command('compose', [name, 'config', '--format', 'json'])
  t.is(config.code, 0, config.stderr)
  t.is(JSON.parse(config.stdout).services.web.environment.KEY, 'planted "secret" $$value')
  t.is(JSON.parse(config.stdout).services.web.environment.PLAIN, 'one\ntwo')

  const inside = await node.command('compose', [name, 'exec', '-T', 'web', 'sh', '-c', 'cat; exit 7'], 'typed by the person')
  t.deepEqual([inside.code, inside.stdout], [7, 'typed by the person'], inside.stderr)

  const unknown = await node.command('compose', ['nowhere', 'ps'])
  t.deepEqual([unknown.code, unknown.stdout, unknown.stderr], [1, '', `This node has no app named "nowhere". It has: ${name}\n`])
  t.regex((await node.command('compose', [])).stderr, /^Use: npm run compose -- APP ARGS/)
  t.regex(readFileSync(join(node.appsDir, name, '.env'), 'utf8'), /^# .*secret: KEY$/m)
  t.true(existsSync(join(node.appsDir, name, 'compose.yaml')))
})
