import Docker from 'dockerode'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { AppService } from '../../../api/apps/app-service.ts'
import type { App } from '../../../api/apps/app.ts'
import type { ImageAnswer } from '../../../api/apps/images/image-state.ts'
import { testEachVersion } from '../../helpers/compose-versions.ts'
import { pushRunnable, registryLogin, startRegistry } from '../../helpers/docker-registry.ts'
import { appName, containersOf, nodeOf } from '../../helpers/own-apps.ts'

const docker = new Docker()

const updateOf = (app: App, service: string) => app.imageUpdates.find((update) => update.service === service)
const versionsOf = async (apps: AppService, id: string): Promise<number[]> =>
  (await apps.versions.list(id, { most: 10 })).versions.map(({ number }) => number)
const stateOf = (app: App, service: string) => updateOf(app, service)?.state

/** An app with a dependent that shares the network of what is updated, and one that is not updated. */
async function appOfRegistry(
  t: ExecutionContext<unknown>,
  { env, rollback = false }: { env?: NodeJS.ProcessEnv; rollback?: boolean } = {},
) {
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
    '  other: { image: "selfhostly-test/web:1", network_mode: none, volumes: ["data:/data"] }',
    'volumes: { data: }',
    '',
  ].join('\n')
  const created = await node.apps.create({ name, composeContent, rollback })
  t.is((await node.outcome(created)).error, null)
  const ids = async () => Object.fromEntries((await containersOf(name)).map(({ Id, Labels }) => [Labels['com.docker.compose.service'], Id]))
  return { ...node, answers, image, id: created.app.id, name, ids }
}

testEachVersion('updating images makes again what changed and what shares its network, and leaves the rest', async (t, { env }) => {
  const { apps, seen, outcome, answers, image, id, ids } = await appOfRegistry(t, { env })
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

  const updated = await outcome(await apps.updateImages(id, ['web'], { author: 'Anna' }))
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
  const shown = await apps.versions.shown(id, 2)
  t.like(shown, { author: 'Anna', reason: 'Newer images of web', outcome: 'healthy' })
  t.is(shown.images.find(({ service }) => service === 'web')?.digest, digest)

  t.is((await outcome(await apps.updateImages(id))).message, 'All images are the newest already')
  t.deepEqual(await versionsOf(apps, id), [2, 1], 'nothing new makes no version')
  t.deepEqual(await ids(), after)
})

test('newer images that fail go back to the ones before, and the next update pulls again', async (t) => {
  const { apps, outcome, image, id, ids, name } = await appOfRegistry(t, { rollback: true })
  const before = await docker.getContainer((await ids())['web'] ?? '').inspect()
  await pushRunnable(t, image, 'two', docker, 'CMD ["false"]')
  const failed = await outcome(await apps.updateImages(id, null, { author: 'Anna', copyVolumes: true }))
  t.is(failed.status, 'failed')
  // The one beside it shares its network, so that it cannot start either: whichever is seen first is named.
  t.regex(failed.error ?? '', /^Version 2 failed: service (web|beside) .*The app is back on version 1/s)
  t.like(apps.get(id), { version: 1 })
  t.true(failed.output.includes(`Volume ${name}_data copied`))
  t.true((await apps.showVersion(id, 2)).volumesCopied)
  t.is((await docker.getContainer((await ids())['web'] ?? '').inspect()).Image, before.Image)
  const tried = await apps.versions.shown(id, 2)
  t.is(tried.outcome, 'rolled_back')
  const bad = (await docker.getImage(image).inspect()).RepoDigests.map((each) => each.split('@')[1])
  t.true(bad.includes(tried.images.find(({ service }) => service === 'web')?.digest ?? ''), 'what failed is remembered by its digest')

  await pushRunnable(t, image, 'three')
  const moved = await outcome(await apps.updateImages(id, ['web'], { judged: { web: bad.flatMap((digest) => digest ?? []) } }))
  t.is(moved.message, 'Not updated: the registry names another image of web since it was judged. The next window looks at that')
  t.is((await docker.getContainer((await ids())['web'] ?? '').inspect()).Image, before.Image)
  t.deepEqual(await versionsOf(apps, id), [2, 1])
  t.is((await outcome(await apps.updateImages(id, ['web']))).error, null)
  t.is((await docker.getContainer((await ids())['web'] ?? '').inspect()).Image, (await docker.getImage(image).inspect()).Id)
  t.deepEqual(await versionsOf(apps, id), [4, 2, 1], 'the number of what was not deployed is not given again')
})

test('an unknown service is refused, naming those that there are, and a stopped app stays stopped', async (t) => {
  const { apps, outcome, image, id, ids } = await appOfRegistry(t)
  await t.throwsAsync(apps.updateImages(id, ['web', 'nothing']), {
    message: 'services: The app has no service nothing. It has: beside, other, web',
  })
  await outcome(await apps.stopApp(id))
  const before = await ids()
  await pushRunnable(t, image, 'two')
  const updated = await outcome(await apps.updateImages(id))
  t.is(updated.error, null)
  t.is(updated.message, 'The newer images are here. The app is stopped, and runs them when you start it')
  t.deepEqual(await ids(), before)
  t.like(apps.get(id), { status: 'stopped', version: 2 })
  t.is((await apps.versions.shown(id, 2)).outcome, 'pending')
})
