import test from 'ava'
import Docker from 'dockerode'
import { testEachVersion } from '../helpers/compose-versions.ts'
import { createContainer, ensureTestImage, testImage } from '../helpers/docker.ts'
import { appName, nodeOf } from '../helpers/own-apps.ts'

const docker = new Docker()
test.before(async () => void (await ensureTestImage()))

testEachVersion(
  "an image is built in the app's folder, again when a file in its context changes, goes back with its version, and is removed with the app",
  async (t, { env }) => {
    const node = await nodeOf(t, { env })
    const name = appName(t)
    const image = `selfhostly-test/${name}:built`
    t.teardown(() => docker.getImage(image).remove({ force: true }).catch(() => undefined)) // prettier-ignore
    const dockerfile = { path: 'site/Dockerfile', content: `FROM ${testImage}\nCOPY page.html /www/index.html\n`, secret: false }
    const page = (words: string) => ({ path: 'site/page.html', content: `<h1>${words} of ${name}</h1>\n`, secret: false })
    const imageNow = async (): Promise<string> => (await docker.getImage(image).inspect()).Id
    const runs = async (): Promise<string> => {
      const [container] = node.apps.get(id).containers
      return (await docker.getContainer(container?.id ?? '').inspect()).Image
    }

    const composeContent = `services:\n  web:\n    build: ./site\n    image: ${image}\n    network_mode: none\n    healthcheck: { test: ["CMD", "grep", "-qv", "broken", "/www/index.html"], interval: 1s, retries: 1 }\n`
    const created = await node.apps.create({ name, composeContent, files: [dockerfile, page('one')], rollback: true })
    const { id } = created.app
    const first = await node.outcome(created)
    t.is(first.status, 'succeeded', first.error ?? '')
    const [one] = [await imageNow()]
    t.is(await runs(), one)

    const second = await node.outcome(await node.apps.update(id, { files: [dockerfile, page('two')], rollback: true }))
    t.is(second.status, 'succeeded', second.error ?? '')
    const two = await imageNow()
    t.not(two, one)
    t.is(await runs(), two)

    // The name of the image leads to the broken build until a new version builds it again.
    const third = await node.outcome(await node.apps.update(id, { files: [dockerfile, page('broken')], rollback: true }))
    t.regex(third.error ?? '', /The app is back on version 2/)
    t.is(await runs(), two)
    const fourth = await node.outcome(await node.apps.update(id, { composeContent: `${composeContent}    init: true\n`, rollback: true }))
    t.is(fourth.status, 'succeeded', fourth.error ?? '')
    t.is(await runs(), two)

    const user = await createContainer(t, { Image: image })
    const removal = async () => (await node.apps.removalOf(id)).items.filter(({ kind }) => kind === 'image')
    const obstacle = `it is in use by container ${(await user.inspect()).Name.slice(1)}`
    const kept = (await removal()).find((item) => item.name === image)
    t.like(kept, { goes: 'never', detail: 'built here for service web', obstacle })
    await user.remove({ force: true })
    t.like(
      (await removal()).find((item) => item.name === image),
      { goes: 'always', obstacle: null },
    )
    const removed = await node.outcome(await node.apps.removeApp(id, {}))
    t.is(removed.status, 'succeeded', removed.error ?? '')
    t.true(removed.output.includes(`Image ${image} removed`))
    for (const built of [one, two]) await t.throwsAsync(docker.getImage(built).inspect(), { message: /no such image/i })
  },
)
