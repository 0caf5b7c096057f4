import test from 'ava'
import { testEachVersion } from '../helpers/compose-versions.ts'
import { ensureTestImage } from '../helpers/docker.ts'
import { appName, nodeOf, servicesOf } from '../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

const well = 'healthcheck: { test: ["CMD", "true"], interval: 1s }'

testEachVersion(
  'a migration job that fails, and a dependency that never gets healthy, are rolled back while Compose waits',
  async (t, { env }) => {
    const node = await nodeOf(t, { env })
    const name = appName(t)
    const created = await node.apps.create({ name, composeContent: servicesOf({ web: well }), rollback: true })
    const first = await node.outcome(created)
    t.is(first.status, 'succeeded', first.error ?? '')
    const { id } = created.app
    const update = async (services: Record<string, string>) =>
      node.outcome(await node.apps.update(id, { composeContent: servicesOf(services), rollback: true, deadlineSeconds: 5 }))

    const job = await update({
      web: `${well}, depends_on: { migrate: { condition: service_completed_successfully } }`,
      migrate: 'command: ["sh", "-c", "echo no table; exit 1"]',
    })
    t.is(job.status, 'failed')
    t.regex(job.error ?? '', /^Version 2 failed: .*migrate.*The app is back on version 1/s)
    t.like(node.apps.get(id), { version: 1, status: 'running' })

    const never = 'healthcheck: { test: ["CMD", "false"], interval: 1s, start_period: 600s }'
    const waiting = await update({ web: `${well}, depends_on: { db: { condition: service_healthy } }`, db: never })
    t.is(waiting.status, 'failed')
    t.regex(waiting.error ?? '', /^Version 3 failed: service db was not healthy within 5 s: starting\. The app is back on version 1/)
    t.like(node.apps.get(id), { version: 1, status: 'running' })
  },
)
