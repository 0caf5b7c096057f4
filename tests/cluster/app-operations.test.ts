import test from 'ava'
import { allOperations, createApp, eventually, followToEnd, twoNodes, type SeenOperation } from '../helpers/cluster.ts'
import { ensureTestImage, removeProject, testImage, uniqueName } from '../helpers/docker.ts'
import { ask } from '../helpers/graphql.ts'

test.before(() => ensureTestImage())

const started = 'app { id } operation { id kind status appId nodeId }'
const twoServices = `services:\n  web: { image: ${testImage}, network_mode: none }\n  other: { image: ${testImage}, network_mode: none }\n`

test('restart and retry work the same on the primary and on a secondary, through GraphQL and REST', async (t) => {
  const { primary, id } = await twoNodes(t)
  const { id: own } = await primary.identity()
  const post = async (path: string, body?: object) => {
    const headers = { ...(primary.headers as Record<string, string>) }
    if (body) headers['content-type'] = 'application/json'
    const answer = await fetch(primary.url + path, { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) })
    return { status: answer.status, body: (await answer.json()) as { operation_id?: string; code?: string; detail?: string } }
  }
  const ended = (operationId: string): Promise<SeenOperation[]> =>
    eventually(
      async () => (await allOperations(primary)).filter((each) => each.id === operationId),
      ([found]) => found !== undefined && !['QUEUED', 'RUNNING'].includes(found.status),
      60_000,
    )

  for (const nodeId of [own, id]) {
    const name = uniqueName()
    t.teardown(() => removeProject(name))
    const { app, operation } = await createApp(primary, nodeId, { name, composeContent: twoServices })
    t.is((await followToEnd(t, primary, operation)).last.status, 'SUCCEEDED')
    const startedAt = async (service: string) => {
      const { app: seen } = await ask<{ app: { containers: { service: string; startedAt: string }[] } }>(
        primary,
        `{ app(id: "${app.id}") { containers { service startedAt } } }`,
      )
      return seen.containers.find((each) => each.service === service)?.startedAt
    }
    const before = { web: await startedAt('web'), other: await startedAt('other') }
    const restart = (services: string) =>
      ask<{ restartApp: { operation: SeenOperation } }>(
        primary,
        `mutation { restartApp(id: "${app.id}", services: ${services}) { ${started} } }`,
      )
    const { restartApp } = await restart('["web"]')
    t.like(restartApp.operation, { kind: 'RESTART', nodeId, appId: app.id })
    t.like((await ended(restartApp.operation.id))[0], { status: 'SUCCEEDED' })
    t.not(
      await eventually(
        () => startedAt('web'),
        (at) => at !== before.web,
      ),
      before.web,
    )
    t.is(await startedAt('other'), before.other, 'only what was named')
    await t.throwsAsync(restart('["web", "nothing"]'), { message: /has no service nothing\. It has other, web/ })
    const refused = await post(`/api/apps/${app.id}/restart`, { services: ['nothing'] })
    t.like(refused, { status: 400, body: { code: 'INVALID_INPUT' } })
    t.is((await post(`/api/apps/${app.id}/restart`, { services: ['other'] })).status, 202)

    const absent = uniqueName()
    t.teardown(() => removeProject(absent))
    const failing = await createApp(primary, nodeId, {
      name: absent,
      composeContent: 'services:\n  web:\n    image: 127.0.0.1:1/absent:1\n',
    })
    t.like((await ended(failing.operation.id))[0], { status: 'FAILED' })
    const { retryOperation } = await ask<{ retryOperation: { operation: SeenOperation } }>(
      primary,
      `mutation { retryOperation(id: "${failing.operation.id}") { ${started} } }`,
    )
    t.like(retryOperation.operation, { kind: 'CREATE', nodeId, appId: failing.app.id })
    t.like((await ended(retryOperation.operation.id))[0], { status: 'FAILED' })
    const again = await post(`/api/operations/${retryOperation.operation.id}/retry`)
    t.is(again.status, 202)
    t.not(again.body.operation_id, retryOperation.operation.id)
    t.like((await ended(again.body.operation_id ?? ''))[0], { status: 'FAILED' })
    t.like(await post(`/api/operations/${operation.id}/retry`), { status: 409, body: { code: 'CONFLICT' } })
    t.is((await post(`/api/operations/${operation.id}/cancel`)).status, 200, 'one that has ended stays as it is')
    t.is((await post(`/api/operations/${operation.id}/retry?now=1`)).status, 400)
  }
  t.is((await post('/api/operations/00000000-0000-4000-8000-00000000dead/retry')).status, 404)
})
