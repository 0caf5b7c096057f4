import test from 'ava'
import Docker from 'dockerode'
import { createNetworks } from '../../../api/apps/networks.ts'
import { createEngineProjects } from '../../../api/docker/engine-projects.ts'
import { systemClock } from '../../../api/clock.ts'
import { ensureTestImage } from '../../helpers/docker.ts'
import { freePort } from '../../helpers/free-port.ts'
import { appName, nodeOf, web } from '../../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

const createNetwork = createNetworks({ projects: createEngineProjects({ clock: systemClock }) })

test('a missing external network is a problem until it is made', async (t) => {
  const { apps } = await nodeOf(t)
  const name = appName(t)
  const composeContent = `${web('    networks: [front]\n')}networks:\n  front: { external: true, name: ${name}-front }\n`
  const { problems } = await apps.validate({ name, composeContent })
  const message = `the external network "${name}-front" does not exist on this node. Create it with createNetwork, or leave out "external"`
  t.like(problems, [{ line: 6, message }])
  const error = await t.throwsAsync(apps.create({ name, composeContent }), { code: 'INVALID_INPUT' })
  t.true(error.message.includes(message))
  t.deepEqual(apps.list(), [])

  const made = await createNetwork(`${name}-front`)
  t.teardown(() => new Docker().getNetwork(made.id).remove())
  await t.throwsAsync(createNetwork(`${name}-front`), { code: 'CONFLICT' })
  t.like(await apps.validate({ name, composeContent }), { ok: true, problems: [] })
  await t.throwsAsync(createNetwork('-x'), { code: 'INVALID_INPUT', message: /^name: can only contain/ })
})

test('a port and a name that an app has now are warnings that name the holder', async (t) => {
  const { apps, outcome } = await nodeOf(t)
  const [name, port] = [appName(t), await freePort()]
  const composeContent = web(`    container_name: ${name}-one\n    ports: ["127.0.0.1:${port}:80"]\n`)
  const created = await apps.create({ name, composeContent })
  t.is((await outcome(created)).status, 'succeeded')
  const { ok, warnings } = await apps.validate({ name: appName(t), composeContent })
  t.true(ok)
  t.deepEqual(
    warnings.map(({ message, line }) => `${line}: ${message}`),
    [
      `4: this node already has a container named "${name}-one", of the service "web" of "${name}"`,
      `5: the host's port ${port}/tcp is in use by the service "web" of "${name}"`,
    ],
  )
  t.deepEqual((await apps.validate({ appId: created.app.id, name, composeContent })).warnings, [], 'its own are no collision')
  const { problems } = await apps.validate({ name, composeContent: web() })
  t.is(problems[0]?.message, `this node already has an app named ${name}`)
})
