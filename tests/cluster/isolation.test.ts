import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../../api/clock.ts'
import { createNodeClient } from '../../api/cluster/node-client.ts'
import { linkTable } from '../helpers/link-pair.ts'
import { peerId, sharedKey } from '../helpers/peer.ts'
import { endHeaders, endStream, fieldLines, frame, rawLink } from '../helpers/raw-link.ts'
import { until } from '../helpers/until.ts'

const address = { id: peerId, name: 'worker-1', apiEndpoint: 'http://127.0.0.1:9', apiKey: sharedKey, connection: 'link' as const }
const stats = { path: '/api/internal/system/stats' }

/** A primary's client, linked to a node that answers each request with bytes of the test's choice. */
async function linkedTo(t: ExecutionContext<unknown>, onRequest: Parameters<typeof rawLink>[2]) {
  const table = await linkTable(t, systemClock)
  const client = createNodeClient({ selfId: '00000000-0000-4000-8000-000000000001', linkOf: table.links.get })
  t.teardown(client.close)
  const wire = await rawLink(table.url, {}, onRequest)
  await until(() => table.links.get(peerId) !== undefined)
  return { ...table, client, wire }
}

const answered = (fields: Record<string, string>) => (streamId: number, send: (...frames: Buffer[]) => void) =>
  send(frame('headers', streamId, fieldLines(fields), endHeaders), frame('data', streamId, Buffer.from('{}'), endStream))

test('link: an answer that comes whole, headers and body at once, is one', async (t) => {
  const { client } = await linkedTo(t, answered({ ':status': '200' }))
  t.deepEqual(await client.request(address, stats), {})
})

for (const status of ['999', '600', '099', '101']) {
  test(`link: a status of ${status} fails the call and nothing else`, async (t) => {
    const { client } = await linkedTo(t, answered({ ':status': status }))
    const error = await t.throwsAsync(client.request(address, { ...stats, deadlineMs: 5000 }))
    t.like(error, { code: 'NODE_UNREACHABLE' })
  })
}

test('link: an answer that the node cuts off is not taken for a whole one', async (t) => {
  const { client } = await linkedTo(t, (streamId, send) => {
    send(frame('headers', streamId, fieldLines({ ':status': '200' }), endHeaders), frame('data', streamId, Buffer.from('1')))
    send(frame('rstStream', streamId, Buffer.from([0, 0, 0, 2])))
  })
  const error = await t.throwsAsync(client.request(address, { ...stats, method: 'POST', deadlineMs: 5000 }))
  t.like(error, { code: 'NODE_UNREACHABLE' })
})
