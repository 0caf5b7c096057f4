import test from 'ava'
import { parseNetDev, readNetwork } from '../../api/monitoring/network.ts'

const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 9000 10 0 0 0 0 0 0 9000 10 0 0 0 0 0 0
  eth0: 1000 10 0 0 0 0 0 0 2000 10 0 0 0 0 0 0
enp3s0:    5 10 0 0 0 0 0 0    7 10 0 0 0 0 0 0
veth12@if3: 700 1 0 0 0 0 0 0 700 1 0 0 0 0 0 0
br-0a1b: 700 1 0 0 0 0 0 0 700 1 0 0 0 0 0 0
docker0: 700 1 0 0 0 0 0 0 700 1 0 0 0 0 0 0
`

test('adds up the interfaces that lead out of the machine', (t) => {
  t.deepEqual(parseNetDev(text), { receivedBytes: 1005, sentBytes: 2007 })
})

test('reads this machine', async (t) => {
  const network = await readNetwork()
  t.true(network !== null && network.receivedBytes >= 0 && network.sentBytes >= 0)
})
