import test from 'ava'
import { createWakeWatch, ownAddresses } from '../../../api/cluster/home/wake-watch.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'

function watching() {
  const clock = createManualClock()
  const woke: string[] = []
  const machine = { addresses: '192.168.1.20' }
  // A sleeping machine runs no timers. Time passes and they run late.
  let asleepMs = 0
  const sleepy = { now: () => new Date(clock.now().getTime() + asleepMs), after: clock.after }
  const watch = createWakeWatch({
    addresses: () => machine.addresses,
    onStoodStill: (ms) => void woke.push(`stood still for ${ms / 1000} s`),
    onMoved: () => void woke.push('moved'),
    clock: sleepy,
  })
  watch.start()
  return { clock, woke, machine, watch, sleep: (ms: number) => (asleepMs += ms) }
}

test('nothing is reported in normal operation', (t) => {
  const { clock, woke } = watching()
  clock.advance(86_400_000)
  t.deepEqual(woke, [])
})

test('sleep and a network change are each reported once', (t) => {
  const { clock, woke, machine, sleep, watch } = watching()
  sleep(60_000)
  clock.advance(1000)
  t.deepEqual(woke, ['stood still for 60 s'])
  machine.addresses = '10.0.0.7'
  clock.advance(5000)
  t.deepEqual(woke.slice(1), ['moved'])
  watch.stop()
  machine.addresses = ''
  clock.advance(5000)
  t.is(woke.length, 2)
})

test("container interfaces do not count as the machine's addresses", (t) => {
  const at = (address: string, internal = false) => [{ address, internal }]
  const own = { lo: at('127.0.0.1', true), eth0: [...at('192.168.1.20'), ...at('fe80::1')], wlan0: at('2001:db8::7') }
  t.is(ownAddresses(own), '192.168.1.20 2001:db8::7')
  t.is(ownAddresses({ ...own, veth12ab: at('fe80::2'), docker0: at('172.17.0.1'), 'br-0af': at('172.18.0.1') }), ownAddresses(own))
})
