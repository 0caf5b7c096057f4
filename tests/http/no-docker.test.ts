import { join } from 'node:path'
import { tmpdir } from 'node:os'
import test from 'ava'
import { assertProblem } from '../helpers/problem.ts'
import { runningNode } from '../helpers/running-node.ts'

// Only affects this process, because AVA runs every file in its own.
process.env['DOCKER_HOST'] = `unix://${join(tmpdir(), 'no-docker-here.sock')}`

test('a node works without Docker, and calls that need it answer 503 with the reason', async (t) => {
  const node = await runningNode(t)
  t.is((await node.send('/api/health')).status, 200)
  const json = { name: 'web', compose_content: 'services: {web: {image: selfhostly-test/web:1}}' }
  const refused = await node.send('/api/apps', { method: 'POST', json })
  assertProblem(t, refused, 503, { code: 'DOCKER_UNAVAILABLE', title: 'Unavailable' })
  t.regex(refused.json.detail, /Docker/)
  t.deepEqual((await node.send('/api/apps')).json, [])
  const { data, errors } = await node.graphql(
    'mutation ($id: ID!, $input: CreateAppInput!) { createApp(nodeId: $id, input: $input) { app { id } } }',
    { id: node.id, input: { name: json.name, composeContent: json.compose_content } },
  )
  t.is(data, null)
  t.is(errors[0].extensions.code, 'DOCKER_UNAVAILABLE')
})
