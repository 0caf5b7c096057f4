import test from 'ava'
import { busyPercent, parseProcStat, readCpuTimes } from '../../api/monitoring/cpu-times.ts'

const procStat = `cpu  100 10 50 800 20 5 5 10 30 0
cpu0 60 5 25 400 10 5 0 5 15 0
cpu1 40 5 25 400 10 0 5 5 15 0
intr 1 2 3
ctxt 4
`

test('busy time is everything except idle and I/O wait, and guest time is not counted twice', (t) => {
  t.deepEqual(parseProcStat(procStat), { busy: 180, total: 1000, cores: 2 })
})

test('the percentage covers the time between two readings', (t) => {
  t.is(busyPercent({ busy: 100, total: 1000, cores: 1 }, { busy: 125, total: 1100, cores: 1 }), 25)
})

test('two readings at the same tick give 0, and counters that run backwards stay within 0 to 100', (t) => {
  t.is(busyPercent({ busy: 1, total: 10, cores: 1 }, { busy: 1, total: 10, cores: 1 }), 0)
  t.is(busyPercent({ busy: 50, total: 10, cores: 1 }, { busy: 1, total: 20, cores: 1 }), 0)
  t.is(busyPercent({ busy: 0, total: 10, cores: 1 }, { busy: 50, total: 20, cores: 1 }), 100)
})

test('this machine has cores and has been busy', async (t) => {
  const { busy, total, cores } = await readCpuTimes()
  t.true(cores >= 1)
  t.true(busy > 0 && busy < total)
})
