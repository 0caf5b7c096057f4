import test from 'ava'
import { createCloneWatch, type Machine } from '../../../api/cluster/members/clones.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'

const id = '00000000-0000-4000-8000-00000000000a'
const machine = (hostname: string, instanceId = hostname): Machine => ({ instanceId, hostname, address: '10.0.0.1' })

function watch() {
  const clock = createManualClock()
  let changes = 0
  const clones = createCloneWatch({ clock, onChange: () => void changes++ })
  const heard = (hostname: string, instanceId?: string): boolean => clones.heard(id, machine(hostname, instanceId))
  const names = () => clones.copyOf(id)?.machines.map(({ instanceId }) => instanceId)
  return { clock, clones, heard, names, changes: () => changes }
}

test('a node is not a copy, however often it restarts', (t) => {
  const { heard, names, clock } = watch()
  for (let i = 0; i < 30; i++) {
    t.true(heard('host', `run-${i}`))
    t.true(heard('host', `run-${i}`))
    clock.advance(1000)
  }
  t.is(names(), undefined)
})

test('when a replaced instance calls again, the first one stays and the copy is refused', (t) => {
  const { heard, names, changes } = watch()
  t.deepEqual([heard('one'), heard('two'), heard('one'), heard('two'), heard('one')], [true, true, true, false, true])
  t.deepEqual(names(), ['one', 'two'])
  t.is(changes(), 1)
})

test('the condition ends when the copy has been silent for some minutes', (t) => {
  const { heard, names, clock, clones, changes } = watch()
  for (const name of ['one', 'two', 'one']) heard(name)
  for (let minute = 0; minute < 5; minute++) {
    clock.advance(60_000)
    heard('one')
    clones.tick()
  }
  t.is(names(), undefined)
  t.is(changes(), 2)
})

test('when the first instance is gone, the copy becomes the node', (t) => {
  const { heard, names, clock, clones } = watch()
  for (const name of ['one', 'two', 'one']) heard(name)
  const taken: boolean[] = []
  for (let minute = 0; minute < 5; minute++) {
    clock.advance(60_000)
    clones.tick()
    taken.push(heard('two'))
  }
  t.is(taken[0], false)
  t.is(taken.at(-1), true)
  t.is(names(), undefined)
})

test('the first machine can restart during the conflict without letting the copy in', (t) => {
  const { clones, names } = watch()
  const at = (hostname: string, instanceId: string, address: string): boolean => clones.heard(id, { hostname, instanceId, address })
  at('same-name', 'one', '10.0.0.1')
  at('same-name', 'two', '10.0.0.2')
  at('same-name', 'one', '10.0.0.1')
  t.true(at('same-name', 'one-again', '10.0.0.1'))
  t.false(at('same-name', 'two-again', '10.0.0.2'))
  t.deepEqual(names(), ['one-again', 'two-again'])
})

test('a removed node is forgotten', (t) => {
  const { heard, names, clones } = watch()
  for (const name of ['one', 'two', 'one']) heard(name)
  clones.forget(id)
  t.true(heard('two'))
  t.is(names(), undefined)
})
