import { createEngineLogs } from '../../api/docker/engine-logs.ts'
import { systemClock } from '../../api/clock.ts'
import { readContainer } from '../../api/apps/logs/container-log.ts'
import { createLogMarks } from '../../api/apps/logs/log-marks.ts'
const logs = createEngineLogs({ clock: systemClock })
const tapped = {
  read: (id: string, o: any, s: AbortSignal) => {
    console.log((performance.now() - s0).toFixed(), 'open', o.tail, o.since, o.follow)
    return logs.read(id, o, s)
  },
}
const s0 = performance.now()
const deps = {
  logs: tapped as any,
  details: async () => null,
  containersChanged: async () => undefined,
  spend: () => true,
  clock: systemClock,
}
const of = { id: process.argv[2] ?? '', service: null }
const marks = createLogMarks()
const stop = new AbortController()
let n = 0
for await (const b of readContainer(deps as any, of, { tail: 200, since: null, after: null, upTo: null, follow: false }, stop.signal)) {
  b.lines.forEach(marks.see)
  n += b.lines.length
}
console.log((performance.now() - s0).toFixed(), 'past', n, marks.all()[0]?.at, new Date().toISOString())
n = 0
let last = 0
setTimeout(() => {
  stop.abort()
  console.log('lines in 8s', n)
}, 8000)
for await (const b of readContainer(
  deps as any,
  of,
  { tail: null, since: null, after: marks.all(), upTo: null, follow: true },
  stop.signal,
)) {
  n += b.lines.length
  if (performance.now() - last > 500) {
    last = performance.now()
    console.log((performance.now() - s0).toFixed(), 'live', n, b.lines[0]?.at, new Date().toISOString())
  }
}
