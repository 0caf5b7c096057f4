import test from 'ava'
import Docker from 'dockerode'
import { ensureTestImage, testImage } from '../helpers/docker-image.ts'
import { appName, nodeOf } from '../helpers/own-apps.ts'

const docker = new Docker()

const containersOf = (project: string) =>
  docker.listContainers({ all: true, filters: { label: [`com.docker.compose.project=${project}`] } })

test('an update after a Compose that was killed while it replaced containers has one container per service, under its name', async (t) => {
  await ensureTestImage()
  const node = await nodeOf(t)
  const name = appName(t)
  const services = ['one', 'two']
  const file = (seconds: number): string =>
    `services:\n${services.map((each) => `  ${each}: { image: "${testImage}", network_mode: none, init: true, command: [sleep, "${seconds}"] }\n`).join('')}`
  const created = await node.apps.create({ name, composeContent: file(600) })
  t.is((await node.outcome(created)).status, 'succeeded')

  // What Compose 2 leaves when it is killed before it removes the old container of "one", and before it renames the new one of "two".
  for (const service of services) {
    const old = (await containersOf(name)).find(({ Labels }) => Labels['com.docker.compose.service'] === service)
    const { Config, HostConfig, Name } = await docker.getContainer(old?.Id ?? '').inspect()
    await docker.createContainer({ ...Config, HostConfig, name: `${old?.Id.slice(0, 12)}_${Name.slice(1)}` })
    if (service === 'two') await docker.getContainer(old?.Id ?? '').remove({ force: true })
  }
  const ended = await node.outcome(await node.apps.update(created.app.id, { composeContent: file(700) }))
  t.is(ended.error, null)
  t.regex(ended.output.join('\n'), /was left by an interrupted replacement\. Removed it/)
  t.regex(ended.output.join('\n'), /was left by an interrupted replacement\. Renamed it/)
  const left = (await containersOf(name)).map(({ Names, State }) => `${Names[0]} ${State}`).sort()
  t.deepEqual(left, [`/${name}-one-1 running`, `/${name}-two-1 running`])
})
