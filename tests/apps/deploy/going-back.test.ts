import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import Docker from 'dockerode'
import { allOperations, eventually, followToEnd, type SeenOperation } from '../../helpers/cluster.ts'
import { pushRunnable, startRegistry } from '../../helpers/docker-registry.ts'
import { ensureTestImage, removeProject, testImage, uniqueName } from '../../helpers/docker.ts'
import { ask, follow } from '../../helpers/graphql.ts'
import { nodeProcess } from '../../helpers/node-process.ts'
import { appName, containersOf, nodeOf, servicesOf } from '../../helpers/own-apps.ts'

const docker = new Docker()

test.before(async () => void (await ensureTestImage()))

test('a node that is killed while it goes back from a changed file finishes that: the file is what it was, on disk and in a new container', async (t) => {
  const node = await nodeProcess(t)
  await node.start()
  const { id: nodeId } = await node.identity()
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const composeContent = `services:
  web:
    image: ${testImage}
    network_mode: none
    volumes: ['./site.conf:/site.conf:ro']
    healthcheck: { test: [CMD, grep, one, /site.conf], interval: 1s, retries: 1 }
`
  const deploy = async (mutation: string, input: object): Promise<SeenOperation> => {
    const document = `mutation ($id: ID!, $input: ${mutation === 'createApp' ? 'CreateAppInput' : 'UpdateAppInput'}!) {
      begun: ${mutation}(${mutation === 'createApp' ? 'nodeId' : 'id'}: $id, input: $input) { operation { id kind status appId } }
    }`
    const { begun } = await ask<{ begun: { operation: SeenOperation } }>(node, document, {
      id: mutation === 'createApp' ? nodeId : appId,
      input,
    })
    return begun.operation
  }
  let appId = ''
  const first = await deploy('createApp', { name, composeContent, files: [{ path: 'site.conf', content: 'one' }], rollback: true })
  appId = first.appId ?? ''
  t.is((await followToEnd(t, node, first)).last.status, 'SUCCEEDED')
  const { id } = await deploy('updateApp', { files: [{ path: 'site.conf', content: 'two' }] })
  const progress = follow<{ message: string | null }>(t, node, `subscription { operationProgress(id: "${id}") { message } }`)
  await progress.first(({ message }) => message === 'Going back to version 1', { withinMs: 60_000 })
  const failed = await containersOf(name)
  await node.kill()
  await node.start()
  const [ended] = await eventually(
    async () => (await allOperations(node)).filter((each) => each.id === id),
    ([found]) => found?.status === 'FAILED',
    60_000,
  )
  t.regex(ended?.error ?? '', /^Version 2 failed: service web is unhealthy\. The app is back on version 1/)
  const query = `{ app(id: "${appId}") { status version versions { nodes { number outcome } } } }`
  t.deepEqual(await ask(node, query), {
    app: {
      status: 'RUNNING',
      version: 1,
      versions: {
        nodes: [
          { number: 2, outcome: 'ROLLED_BACK' },
          { number: 1, outcome: 'HEALTHY' },
        ],
      },
    },
  })
  t.is(await readFile(join(node.appsDir, name, 'site.conf'), 'utf8'), 'one')
  const now = await containersOf(name)
  t.is(now.length, 1)
  t.false(
    failed.some(({ Id }) => Id === now[0]?.Id),
    'the container of the failed version mounts its file',
  )
  t.is((await docker.getContainer(now[0]?.Id ?? '').inspect()).State.Health?.Status, 'healthy')
})

test('going back needs no registry for a held image; one that is gone is pulled by its digest, which the operation says', async (t) => {
  const endings: (() => void | Promise<void>)[] = []
  const host = await startRegistry({ teardown: (end) => void endings.push(end) })
  const stopRegistry = async (): Promise<void> => {
    for (const end of endings.splice(0)) await end()
  }
  t.teardown(stopRegistry)
  const node = await nodeOf(t)
  const name = appName(t)
  const image = `${host}/${name}:1`
  const imageId = await pushRunnable(t, image, 'one')
  const well = 'network_mode: none, healthcheck: { test: ["CMD", "true"], interval: 1s }'
  const made = await node.apps.create({ name, composeContent: `services: { web: { image: "${image}", ${well} } }\n`, rollback: true })
  t.is((await node.outcome(made)).error, null)
  const { id } = made.app
  const held = `selfhostly.local/${name}/web:v1`
  const hanging = 'network_mode: none, healthcheck: { test: ["CMD", "false"], interval: 1s, start_period: 60s }'
  const command = 'command: ["sh", "-c", "until [ -e /tmp/end ]; do sleep 0.1; done; exit 3"]'
  /** An update that fails after `meanwhile`, when only its own containers are left. */
  async function failing(label: string, meanwhile: () => Promise<void>) {
    const composeContent = servicesOf({ web: `${hanging}, ${command}, labels: { a: ${label} }` })
    const update = await node.apps.update(id, { composeContent, rollback: true })
    const [running] = await eventually(
      () => containersOf(name),
      (all) => all.length === 1 && all[0]?.Labels['a'] === label && all[0].State === 'running',
      60_000,
    )
    await meanwhile()
    const exec = await docker.getContainer(running?.Id ?? '').exec({ Cmd: ['touch', '/tmp/end'] })
    const answer = await exec.start({ Detach: true })
    answer.destroy()
    const ended = await node.outcome(update)
    t.regex(ended.error ?? '', /failed: service web exited with code 3\. The app is back on version 1/)
    t.is((await containersOf(name))[0]?.ImageID, imageId)
    return ended.output.join('\n')
  }

  const pulled = await failing('gone', () => docker.getImage(imageId).remove({ force: true }))
  t.regex(pulled, /The image that service web ran with is not held here any more, so it is pulled by its digest/)
  t.is((await docker.getImage(held).inspect()).Id, imageId, 'it is held again')
  t.notRegex(await failing('held', stopRegistry), /pulled by its digest/)
})
