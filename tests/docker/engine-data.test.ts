import type { ContainerInfo } from 'dockerode'
import test from 'ava'
import { toEngineContainer } from '../../api/docker/container-mapping.ts'
import { dockerEndpoint } from '../../api/docker/docker-endpoint.ts'
import { jsonLines } from '../../api/docker/lines.ts'
import { toContainerUsage } from '../../api/docker/container-usage.ts'

const info: ContainerInfo = {
  Id: 'a'.repeat(64),
  Names: ['/shop_web_1'],
  Image: 'web:1',
  ImageID: 'sha256:1',
  Command: 'serve',
  Created: 1_769_457_600,
  Ports: [],
  Labels: {},
  State: 'running',
  Status: 'Up 3 minutes',
  HostConfig: { NetworkMode: 'default' },
  NetworkSettings: { Networks: {} },
  Mounts: [],
}

test('reads health and exit code from the status text', (t) => {
  const of = (State: string, Status: string): unknown => {
    const { state, health, exitCode } = toEngineContainer({ ...info, State, Status })
    return [state, health, exitCode]
  }
  t.deepEqual(of('running', 'Up 3 minutes'), ['running', null, null])
  t.deepEqual(of('running', 'Up 2 seconds (health: starting)'), ['running', 'starting', null])
  t.deepEqual(of('running', 'Up 3 minutes (healthy)'), ['running', 'healthy', null])
  t.deepEqual(of('running', 'Up 3 minutes (unhealthy)'), ['running', 'unhealthy', null])
  t.deepEqual(of('paused', 'Up 3 minutes (Paused)'), ['paused', null, null])
  t.deepEqual(of('exited', 'Exited (137) 2 hours ago'), ['exited', null, 137])
  t.deepEqual(of('restarting', 'Restarting (1) 4 seconds ago'), ['restarting', null, 1])
  t.deepEqual(of('stopping', 'Up 3 minutes'), ['unknown', null, null], 'a word that this version does not know')
  t.deepEqual(of('exited', 'Exited (3221225786) 2 hours ago'), ['exited', null, null], 'a Windows exit code')
})

test('removes times from the status text', (t) => {
  const words: [string, string][] = [
    ['Up Less than a second', 'Up'],
    ['Up About a minute (healthy)', 'Up (healthy)'],
    ['Up 3 minutes (Paused)', 'Up (Paused)'],
    ['Up 2 seconds (health: starting)', 'Up (health: starting)'],
    ['Exited (0) About an hour ago', 'Exited (0)'],
    ['Exited (137) 2 years ago', 'Exited (137)'],
    ['Restarting (1) Less than a second ago', 'Restarting (1)'],
    ['Created', 'Created'],
    ['Dead', 'Dead'],
  ]
  for (const [said, kept] of words) t.is(toEngineContainer({ ...info, Status: said }).statusText, kept)
})

test("cuts another program's long names and port lists visibly", (t) => {
  const port = (PublicPort: number, IP: string) => ({ IP, PublicPort, PrivatePort: PublicPort, Type: 'udp' })
  const Ports = Array.from({ length: 501 }, (_, index) => [port(10_000 + index, '0.0.0.0'), port(10_000 + index, '::')]).flat()
  const Labels = { 'com.docker.compose.service': 's'.repeat(600) }
  const container = toEngineContainer({ ...info, Ports, Labels, Names: [`/${'n'.repeat(525)}`], Status: 'x'.repeat(12_000) })
  t.deepEqual([container.ports.length, container.morePorts], [200, 802])
  t.deepEqual(
    [container.name, container.service, container.statusText],
    ['n'.repeat(299), 's'.repeat(254), 'x'.repeat(199)].map((text) => `${text}…`),
  )
})

test('replaces a creation time that no Date can hold', (t) => {
  for (const Created of [1e15, -1e15, Number.NaN]) t.notThrows(() => toEngineContainer({ ...info, Created }).createdAt.toISOString())
})

test('sorts published ports and accepts ports with missing fields', (t) => {
  const port = { PrivatePort: 80, Type: 'tcp' }
  const Ports = [
    { ...port, IP: '::', PublicPort: 81 },
    { ...port, IP: '::', PublicPort: 80 },
    { ...port, IP: '0.0.0.0', PublicPort: 80 },
    port,
  ]
  const ports = toEngineContainer(Object.assign({ ...info }, { Ports })).ports
  t.deepEqual(
    ports.map(({ hostIp, hostPort }) => `${hostIp} ${hostPort}`),
    ['0.0.0.0 80', ':: 80', ':: 81'],
  )
})

test('usage: counts cgroup v2 like `docker stats`', (t) => {
  const raw = {
    read: '2026-01-26T20:00:01Z',
    cpu_stats: { cpu_usage: { total_usage: 3_000 }, system_cpu_usage: 40_000, online_cpus: 4 },
    memory_stats: { usage: 1_000, limit: 5_000, stats: { inactive_file: 300 } },
    networks: { eth0: network(1, 2), eth1: network(10, 20) },
    blkio_stats: { ...noBlkio, io_service_bytes_recursive: [block('read', 5), block('Read', 6), block('write', 7), block('Total', 18)] },
  }
  t.deepEqual(toContainerUsage(raw), {
    ...{ cpuTime: 3_000, systemTime: 40_000, cores: 4 },
    memoryBytes: 700,
    memoryLimitBytes: 5_000,
    networkRxBytes: 11,
    networkTxBytes: 22,
    blockReadBytes: 11,
    blockWriteBytes: 7,
  })
  const cgroup1 = { ...raw, memory_stats: { usage: 1_000, stats: { total_inactive_file: 100, inactive_file: 300 } } }
  t.like(toContainerUsage(cgroup1), { memoryBytes: 900 })
})

test('usage: counts missing values as zero, and an empty answer is of a stopped container', (t) => {
  t.is(toContainerUsage({ read: '0001-01-01T00:00:00Z', cpu_stats: {}, memory_stats: {} }), null)
  const { cores, ...counters } = toContainerUsage({ read: '2026-01-26T20:00:01Z' }) ?? {}
  t.is(cores, 1)
  t.true(Object.values(counters).every((value) => value === 0))
})

test('JSON lines: chunks of any size, blank lines, both line endings, and lines that are not JSON', async (t) => {
  const bytes = Buffer.from('{"a":"é"}\r\n\n{"b":2}\nnot json\n{"c":3}')
  const expected = [{ a: 'é' }, { b: 2 }, { c: 3 }]
  for (let size = 1; size <= bytes.length; size++) {
    const bad: string[] = []
    const values = await all(jsonLines(pieces(bytes, size), (line) => bad.push(line)))
    t.deepEqual(values, expected, `pieces of ${size}`)
    t.deepEqual(bad, ['not json'])
  }
})

test("parses the Engine's address from DOCKER_HOST", (t) => {
  const of = (host: string, env: NodeJS.ProcessEnv = {}): unknown => dockerEndpoint(host, env)
  t.like(of('unix:///run/user/1/docker.sock'), { name: '/run/user/1/docker.sock', options: { socketPath: '/run/user/1/docker.sock' } })
  t.like(of('tcp://box:2375'), { name: 'tcp://box:2375', options: { host: 'box', port: '2375', protocol: 'http' } })
  t.like(of('tcp://box:2376'), { options: { protocol: 'https' } })
  t.like(of('tcp://box:99', { DOCKER_TLS_VERIFY: '1' }), { options: { protocol: 'https' } })
  t.like(of('ssh://me@box'), { name: 'ssh://box', options: { host: 'box', protocol: 'ssh', username: 'me' } })
  t.throws(() => of('ftp://box'), { message: /DOCKER_HOST must look like/ })
})

async function all(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const list = []
  for await (const value of values) list.push(value)
  return list
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const network = (rx_bytes: number, tx_bytes: number) => ({
  ...{ rx_bytes, tx_bytes },
  ...{ rx_dropped: 0, rx_errors: 0, rx_packets: 0, tx_dropped: 0, tx_errors: 0, tx_packets: 0 },
})

const block = (op: string, value: number) => ({ major: 8, minor: 0, op, value })

const noBlkio = {
  io_serviced_recursive: [],
  io_queue_recursive: [],
  io_service_time_recursive: [],
  io_wait_time_recursive: [],
  io_merged_recursive: [],
  io_time_recursive: [],
  sectors_recursive: [],
}
