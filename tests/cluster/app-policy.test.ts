import test from 'ava'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { follow } from '../helpers/graphql.ts'
import { web } from '../helpers/own-apps.ts'
import { tokenOf } from '../helpers/people.ts'
import { assertProblem } from '../helpers/problem.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

test.before(() => ensureTestImage())

const file = web('    network_mode: none\n    cap_add: [NET_ADMIN]\n')

interface Answer {
  data: { createApp: { app: { id: string; allowances: object[] }; operation: { id: string } } } | null
  errors?: { message: string; extensions: { code: string } }[]
}

for (const where of ['primary', 'secondary'] as const) {
  test(`on a ${where}, the policy refuses, an operator may not allow, and an administrator's allowance is seen and audited`, async (t) => {
    t.timeout(180_000)
    const primary = await runningNode(t)
    const secondary = await runningSecondary(t, primary)
    const node = { id: secondary.id, name: 'worker-1', api_endpoint: secondary.url, api_key: secondary.key }
    await primary.send('/api/nodes', { method: 'POST', json: node })
    await until(() => primary.services.members.registry.find(secondary.id)?.about !== null)
    const owner = { primary, secondary }[where]
    const name = uniqueName()
    t.teardown(() => removeProject(name))
    const operator = await tokenOf(primary, null, 'operator')
    const headers = { authorization: operator.authorization }
    const create = (json: object, as: Record<string, string> = {}) =>
      primary.send(`/api/apps?node_id=${owner.id}`, { method: 'POST', json: { name, compose_content: file, ...json }, headers: as })

    const refused = await create({}, headers)
    assertProblem(t, refused, 422, { code: 'POLICY_VIOLATION' })
    t.regex(refused.json.detail, /line 5: services\.web\.cap_add\[0\] \(capability\): .* allow: \["capability:NET_ADMIN"\]/)
    assertProblem(t, await create({ allow: ['capability:NET_ADMIN'] }, headers), 403, { code: 'FORBIDDEN' })
    assertProblem(t, await create({ allow: ['no-rule'] }), 400, { code: 'INVALID_INPUT' })

    const mutation = `mutation ($nodeId: ID!, $input: CreateAppInput!) { createApp(nodeId: $nodeId, input: $input) {
      app { id allowances { rule detail service by } } operation { id } } }`
    const allowed = (await primary.graphql(mutation, {
      nodeId: owner.id,
      input: { name, composeContent: file, allow: ['capability'] },
    })) as Answer
    t.like(allowed.data?.createApp.app.allowances, [{ rule: 'capability', detail: 'NET_ADMIN', service: 'web' }])
    const { app, operation } = allowed.data?.createApp ?? t.fail() ?? { app: { id: '' }, operation: { id: '' } }
    const progress = follow<{ status: string }>(t, primary, `subscription { operationProgress(id: "${operation.id}") { status } }`)
    await progress.completed
    t.is(progress.values.at(-1)?.status, 'SUCCEEDED')

    // An operator may go on with what is allowed, and change nothing else.
    const put = (composeContent: string) =>
      primary.send(`/api/apps/${app.id}`, { method: 'PUT', json: { compose_content: composeContent }, headers })
    assertProblem(t, await put(file.replace('NET_ADMIN', 'SYS_ADMIN')), 422, { code: 'POLICY_VIOLATION' })
    t.is((await put(`${file}    labels: { a: b }\n`)).status, 202)

    const linesOf = (at: typeof owner) => at.services.access.audit.list({ action: 'app.create' }, { limit: 20 })
    for (const at of where === 'primary' ? [primary] : [primary, secondary]) {
      const lines = await linesOf(at)
      t.true(
        lines.some(({ subject }) => subject === `${name} allowing capability`),
        JSON.stringify(lines),
      )
    }
    t.true((await linesOf(primary)).some(({ outcome }) => outcome === 'denied'))
  })
}
