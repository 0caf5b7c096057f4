import Docker from 'dockerode'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { App } from '../../../api/apps/app.ts'
import type { ImageAnswer } from '../../../api/apps/images/image-state.ts'
import { testEachVersion } from '../../helpers/compose-versions.ts'
import { pushRunnable, registryLogin, startRegistry } from '../../helpers/docker-registry.ts'
import { appName, containersOf, nodeOf } from '../../helpers/own-apps.ts'

const docker = new Docker()

const updateOf = (app: App, service: string) => app.imageUpdates.find((update) => update.service === service)
const stateOf = (app: App, service: string) => updateOf(app, service)?.state

/** An app with a dependent that shares the network of what is updated, and one that is not updated. */
async function appOfRegistry(t: ExecutionContext<unknown>, env?: NodeJS.ProcessEnv) {
  const host = await startRegistry(t, { withLogin: true })
  const name = appName(t)
  const image = `${host}/${name}:1`
  await pushRunnable(t, image, 'one')
  const answers = new Map<string, ImageAnswer>()
  const node = await nodeOf(t, { answers, logins: [{ registry: host, ...registryLogin }], ...(env ? { env } : {}) })
  const composeContent = [
    'services:',
    `  web: { image: "${image}", network_mode: none }`,
    '  beside: { image: "selfhostly-test/web:1", network_mode: "service:web", depends_on: [web], init: true, command: [sleep, "600"] }',
    '  other: { image: "selfhostly-test/web:1", network_mode: none }',
    '',
  ].join('\n')
  const created = await node.apps.create({ name, composeContent })
  t.is((await node.outcome(created)).error, null)
  const ids = async () => Object.fromEntries((await containersOf(name)).map(({ Id, Labels }) => [Labels['com.docker.compose.service'], Id]))
  return { ...node, answers, image, id: created.app.id, name, ids }
}

testEachVersion('updating images makes again what changed and what shares its network, and leaves the rest', async (t, { env }) => {
  const { apps, seen, outcome, answers, image, id, ids } = await appOfRegistry(t, env)
  const before = await ids()
  const first = await seen.first((app) => (updateOf(app, 'web')?.digests.length ?? 0) > 0 && stateOf(app, 'other') === 'local')
  t.is(stateOf(first, 'web'), 'unknown')
  const { platform, digests } = updateOf(first, 'web') ?? t.fail()
  t.is(digests.length, 1)

  await pushRunnable(t, image, 'two')
  const pushed = await docker.getImage(image).inspect()
  const digest = pushed.RepoDigests.map((each) => each.split('@')[1] ?? '').find((each) => !digests.includes(each)) ?? ''
  const at = new Date()
  answers.set(`${image} ${platform}`, {
    ...{ image, platform: platform ?? '', digest, same: [digest], foundAt: at, checkedAt: at, askedAt: at, error: null },
  })
  apps.imagesChecked()
  const found = await seen.first((app) => stateOf(app, 'web') === 'available')
  t.like(updateOf(found, 'web'), { current: digests[0], available: digest })

  const updated = await outcome(await apps.updateImages(id, ['web']))
  t.is(updated.error, null)
  t.is(updated.kind, 'update_images')
  const after = await ids()
  t.not(after['web'], before['web'])
  t.is(after['other'], before['other'])
  const beside = await docker.getContainer(after['beside'] ?? '').inspect()
  t.true(beside.State.Running)
  t.is(beside.HostConfig.NetworkMode, `container:${after['web']}`, 'it shares the network of the new container')
  t.is((await docker.getContainer(after['web'] ?? '').inspect()).Image, pushed.Id)
  await seen.first((app) => stateOf(app, 'web') === 'current')
})

test('an unknown service is refused, naming those that there are, and a stopped app stays stopped', async (t) => {
  const { apps, outcome, id, ids } = await appOfRegistry(t)
  await t.throwsAsync(apps.updateImages(id, ['web', 'nothing']), {
    message: 'services: The app has no service nothing. It has: beside, other, web',
  })
  await outcome(await apps.stopApp(id))
  const before = await ids()
  const updated = await outcome(await apps.updateImages(id))
  t.is(updated.error, null)
  t.is(updated.message, 'The newer images are here. The app is stopped, and runs them when you start it')
  t.deepEqual(await ids(), before)
  t.is(apps.get(id).status, 'stopped')
})
