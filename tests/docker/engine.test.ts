import { inspect } from 'node:util'
import test from 'ava'
import { pino } from 'pino'
import { systemClock } from '../../api/clock.ts'
import { connectionsTo } from '../../api/docker/connections.ts'
import { dockerEndpoint } from '../../api/docker/docker-endpoint.ts'
import { AppError, StartError } from '../../api/errors.ts'
import { createEngine } from '../../api/docker/engine.ts'
import { askEngine, createContainer, ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { socketProxy } from '../helpers/socket-proxy.ts'
import { until } from '../helpers/until.ts'
import { pageOf } from '../helpers/page.ts'

const log = pino({ level: 'silent' })
const engine = createEngine({ log, clock: systemClock })

test('info: version and counts from a real Engine', async (t) => {
  await ensureTestImage()
  const container = await createContainer(t, { HostConfig: { Init: true }, Cmd: ['sleep', '60'] })
  await container.start()
  const info = await engine.info()
  t.regex(info.version, /^\d+\.\d+/)
  t.true(info.running >= 1)
  t.true(info.images >= 1)
  t.true(Number.isInteger(info.paused) && Number.isInteger(info.stopped))
  t.true(info.insecureRegistries.networks.includes('127.0.0.0/8'), 'the Engine always pulls from its own machine without TLS')
  t.false(info.insecureRegistries.names.includes('docker.io'))
})

test('a request does not cost more with open streams: docker-modem does not log all connections', async (t) => {
  const endpoint = dockerEndpoint(process.env['DOCKER_HOST'])
  const agent = connectionsTo(endpoint)
  const response = await askEngine('/events', agent)
  t.is(Object.keys(agent.sockets).length, 1, 'one connection is open')
  // The same call as in docker-modem.
  t.is(inspect({ agent }, { showHidden: true, depth: null }), `{ agent: connections to ${endpoint.name} }`)
  response.destroy()
})

test('containers: a running container with its labels and published ports', async (t) => {
  const name = uniqueName()
  const container = await createContainer(t, {
    name,
    Labels: {
      'com.docker.compose.project': 'shop',
      'com.docker.compose.service': 'web',
      'com.docker.compose.project.working_dir': '/srv/apps/shop',
    },
    ExposedPorts: { '81/udp': {} },
    HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] } },
  })
  await container.start()
  const found = (await engine.containers()).find(({ id }) => id === container.id)
  const { NetworkSettings } = await container.inspect()
  t.like(found, {
    name,
    service: 'web',
    image: testImage,
    state: 'running',
    health: null,
    exitCode: null,
    project: 'shop',
    workingDir: '/srv/apps/shop',
    ports: [
      {
        hostIp: '127.0.0.1',
        hostPort: Number(NetworkSettings.Ports['80/tcp']?.[0]?.HostPort),
        containerPort: 80,
        protocol: 'tcp',
      },
    ],
  })
  t.is(found?.ports.length, 1, 'a port that is only exposed is not published')
  t.true(Math.abs(Date.now() - (found?.createdAt.getTime() ?? 0)) < 60_000)
  t.regex(await pageOf(found?.ports[0]?.hostPort), /Welcome to nginx-like web/)
})

test('containers: created and exited ones that Compose did not create', async (t) => {
  const created = await createContainer(t)
  const exited = await createContainer(t, { Cmd: ['sh', '-c', 'exit 7'] })
  await exited.start()
  await exited.wait()
  const all = await engine.containers()
  t.like(
    all.find(({ id }) => id === created.id),
    { state: 'created', exitCode: null, project: null, workingDir: null, ports: [] },
  )
  const seen = all.find(({ id }) => id === exited.id)
  t.like(seen, { state: 'exited', exitCode: 7 })
  t.is(seen?.service, seen?.name)
})

test('containers: health follows the health check', async (t) => {
  const second = 1_000_000_000
  const container = await createContainer(t, {
    Healthcheck: { Test: ['CMD', 'test', '-e', '/tmp/ok'], Interval: second / 10, Retries: 1, Timeout: second },
  })
  const unhealthy = Promise.withResolvers<void>()
  const stop = engine.watch({
    onUp: () => void container.start(),
    onDown: (reason) => unhealthy.reject(new Error(reason)),
    onContainerEvent: (event) => {
      if (event.containerId === container.id && event.action === 'health_status: unhealthy') unhealthy.resolve()
    },
  })
  t.teardown(stop)
  await unhealthy.promise
  t.like(
    (await engine.containers()).find(({ id }) => id === container.id),
    { state: 'running', health: 'unhealthy' },
  )
})

test('usage: grows for a busy container, and is null for one that does not run', async (t) => {
  const container = await createContainer(t, { Cmd: ['sh', '-c', 'while :; do :; done'], HostConfig: { Memory: 64 * 1024 * 1024 } })
  t.is(await engine.usage(container.id), null)
  await container.start()
  const before = await engine.usage(container.id)
  let grown = before
  // Both grow in ticks of the kernel.
  while (before && grown && !(grown.cpuTime > before.cpuTime && grown.systemTime > before.systemTime))
    grown = await engine.usage(container.id)
  if (!grown) return t.fail('it runs')
  t.true(grown.memoryBytes > 0 && grown.memoryBytes < grown.memoryLimitBytes)
  t.is(grown.memoryLimitBytes, 64 * 1024 * 1024)
  await container.kill()
  t.is(await engine.usage(container.id), null)
  t.is(await engine.usage('0000000000'), null)
})

test('a missing Engine gives DOCKER_UNAVAILABLE with the socket and advice', async (t) => {
  const absent = createEngine({ log, clock: systemClock, dockerHost: 'unix:///nowhere/docker.sock' })
  const expected = {
    instanceOf: AppError,
    code: 'DOCKER_UNAVAILABLE',
    message: /\/nowhere\/docker\.sock: the socket does not exist\. Is Docker .*running\?/,
  }
  await t.throwsAsync(absent.info(), expected)
  await t.throwsAsync(absent.containers(), expected)
  await t.throwsAsync(absent.usage('x'), expected)

  const refusing = createEngine({ log, clock: systemClock, dockerHost: 'tcp://127.0.0.1:1' })
  await t.throwsAsync(refusing.info(), { code: 'DOCKER_UNAVAILABLE', message: /tcp:\/\/127\.0\.0\.1:1: nothing is listening there/ })
  t.throws(() => createEngine({ log, clock: systemClock, dockerHost: 'tcp://' }), { instanceOf: StartError, message: /DOCKER_HOST/ })
})

test('an Engine that accepts but never answers gives DOCKER_UNAVAILABLE after the deadline', async (t) => {
  const proxy = await socketProxy(t)
  proxy.freeze()
  const clock = createManualClock()
  const asked = createEngine({ log, clock, dockerHost: `unix://${proxy.path}` }).containers()
  await until(() => proxy.connections() === 1)
  clock.advance(10_000)
  await t.throwsAsync(asked, { code: 'DOCKER_UNAVAILABLE', message: /docker\.sock: no answer within 10 s/ })
  await until(() => proxy.connections() === 0)
})
