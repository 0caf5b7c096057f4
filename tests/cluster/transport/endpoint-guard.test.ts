import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { fetch, Pool } from 'undici'
import { joinEndpointProblem, lookupOfNodes } from '../../../api/cluster/transport/endpoint-guard.ts'

const nowhere = [
  '169.254.169.254',
  '169.254.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '100.100.100.200',
  '[fe80::1]',
  '[febf::1]',
  '[ff02::1]',
  '[::]',
  '[fd00:ec2::254]',
  '[::ffff:169.254.169.254]',
  'metadata',
  'metadata.google.internal',
  'instance-data',
  'instance-data.ec2.internal',
]
const somewhere = [
  '192.168.1.20',
  '10.0.0.2',
  '127.0.0.1',
  '169.253.255.255',
  '100.100.100.201',
  '[fd00::1]',
  '[2001:db8::1]',
  'worker-1',
  'metadata-store.example.com',
  'my.instance-data.example',
]

test('a joining node cannot have an endpoint that no node can have', (t) => {
  for (const host of nowhere)
    t.regex(joinEndpointProblem(`http://${host}:8080`) ?? '', /link-local, reserved or metadata service address/, host)
  t.is(joinEndpointProblem('nonsense'), null, 'an invalid URL is refused elsewhere')
  for (const host of somewhere) t.is(joinEndpointProblem(`http://${host}:8080`), null, host)
})

const lookup = (name: string, all: boolean) =>
  new Promise<unknown>((resolve) => lookupOfNodes(name, { all }, (error, ...found) => resolve(error ? error.code : found)))

test('the lookup of a name drops addresses that no node can have', async (t) => {
  const all = (await lookup('localhost', true)) as [{ address: string }[]]
  t.true(all[0].length > 0 && all[0].every(({ address }) => ['127.0.0.1', '::1'].includes(address)))
  const [address, family] = (await lookup('localhost', false)) as [string, number]
  t.true(address === (family === 6 ? '::1' : '127.0.0.1'))
  t.is(await lookup('0.0.0.0', true), 'ENOTFOUND')
  t.is(await lookup('169.254.169.254', false), 'ENOTFOUND')
  const words = new Promise<string>((resolve) => lookupOfNodes('169.254.169.254', {}, (error) => resolve(error?.message ?? '')))
  t.is(await words, '169.254.169.254 resolves to 169.254.169.254, where no node can be')
  t.is(await lookup('nothing.invalid', true), 'ENOTFOUND')
})

test('connections use this lookup', async (t) => {
  const server = createServer((_request, response) => void response.end('here'))
  await once(server.listen(0, 'localhost'), 'listening')
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const dispatcher = new Pool(url, { connect: { lookup: lookupOfNodes } })
  t.teardown(async () => {
    await dispatcher.close()
    server.close()
  })
  t.is(await (await fetch(url, { dispatcher })).text(), 'here')
})
