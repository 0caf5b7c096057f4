import test from 'ava'
import { portLinks } from '../../../frontend/src/utils/apps/port-links.ts'

const port = (hostIp: string | null, hostPort = 8081, protocol = 'tcp') => ({ hostIp, hostPort, containerPort: 80, protocol })
const hrefs = (host: string | null, dashboardHost: string, ...ports: ReturnType<typeof port>[]) =>
  portLinks({ host }, ports, dashboardHost).map(({ href }) => href)

test('ports of another machine lead to where that machine is seen, wherever the dashboard is open', (t) => {
  for (const dashboardHost of ['localhost', '192.168.1.10', 'selfhostly.example.com']) {
    t.deepEqual(hrefs('192.168.1.21', dashboardHost, port('0.0.0.0')), ['http://192.168.1.21:8081'])
    t.deepEqual(hrefs('fd00::21', dashboardHost, port(null)), ['http://[fd00::21]:8081'])
    t.deepEqual(hrefs('192.168.1.21', dashboardHost, port('10.0.0.5')), ['http://10.0.0.5:8081'], 'it is bound to one address')
  }
})

test("ports of the dashboard's own machine lead to the host of the dashboard, never to the browser's machine", (t) => {
  t.deepEqual(hrefs('localhost', '192.168.1.10', port('0.0.0.0')), ['http://192.168.1.10:8081'])
  t.deepEqual(hrefs('localhost', '[fd00::10]', port('::')), ['http://[fd00::10]:8081'])
  t.deepEqual(hrefs('localhost', 'localhost', port('0.0.0.0')), ['http://localhost:8081'])
})

test('a port on loopback is a link only on its own machine', (t) => {
  for (const address of ['127.0.0.1', '127.0.0.53', '::1']) {
    t.deepEqual(hrefs('192.168.1.21', 'localhost', port(address)), [undefined], address)
    t.deepEqual(hrefs('localhost', '192.168.1.10', port(address)), [undefined], address)
  }
  t.deepEqual(hrefs('localhost', 'localhost', port('127.0.0.1')), ['http://127.0.0.1:8081'])
  t.deepEqual(hrefs('localhost', '127.0.0.1', port('::1')), ['http://[::1]:8081'])
})

test('nothing is a link while it is not known where the node is, or for UDP', (t) => {
  t.deepEqual(hrefs(null, '192.168.1.10', port('0.0.0.0')), [undefined])
  t.deepEqual(portLinks({ host: 'localhost' }, [port(null, 53, 'udp')], 'localhost'), [{ label: '53:80/udp', href: undefined }])
})

test('a port that Docker lists twice is there once, as a link if one of both is', (t) => {
  const links = portLinks({ host: '192.168.1.21' }, [port('0.0.0.0'), port('127.0.0.1'), port('::')], 'localhost')
  t.deepEqual(links, [{ label: '8081:80', href: 'http://192.168.1.21:8081' }])
})
