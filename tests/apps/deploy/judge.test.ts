import test from 'ava'
import fc from 'fast-check'
import { containerHealths, containerStates } from '../../../api/apps/app.ts'
import type { ContainerFacts } from '../../../api/apps/container-facts.ts'
import { judge, type DeployFacts } from '../../../api/apps/deploy/judge.ts'
import type { WantedService } from '../../../api/apps/wanted-services.ts'

const start = new Date('2026-01-26T20:00:00Z')
const at = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const container = (service: string, facts: Partial<ContainerFacts> = {}): ContainerFacts => ({
  ...{ id: service, name: `shop-${service}-1`, service, image: 'web', state: 'running', health: null, statusText: '' },
  ...{ exitCode: null, startedAt: start, finishedAt: null, restartCount: 0, ports: [], morePorts: 0, createdAt: start },
  ...{ restartPolicy: 'no', wasStopped: false, upSince: start, lastRunMs: null, lastExitCode: null, outOfMemory: false },
  ...{ startError: null, isOneOff: false, firstUpSince: start, healthySince: null, longestCheckMs: null },
  ...facts,
})
const healthy = { health: 'healthy', healthySince: start, longestCheckMs: 90_000 } as const
const starting = { health: 'starting', longestCheckMs: 90_000 } as const
const exited = (exitCode: number, facts: Partial<ContainerFacts> = {}) =>
  ({ state: 'exited', exitCode, finishedAt: start, ...facts }) satisfies Partial<ContainerFacts>
/** Between two attempts of its restart policy. */
const crashed = (restartCount: number, attemptAt: number, facts: Partial<ContainerFacts> = {}) =>
  ({
    state: 'restarting',
    exitCode: 3,
    restartPolicy: 'always',
    restartCount,
    upSince: at(attemptAt),
    ...facts,
  }) satisfies Partial<ContainerFacts>

type Given = Record<string, Partial<ContainerFacts> & { isJob?: boolean; isMissing?: boolean }>

function factsOf(services: Given, more: Partial<DeployFacts> = {}): DeployFacts {
  const wants = ([name, { isJob = false }]: [string, Given[string]]): WantedService => ({
    name,
    image: null,
    replicas: 1,
    isJob,
    restart: 'no',
  })
  const containers = Object.entries(services).flatMap(([name, facts]) => (facts.isMissing ? [] : [container(name, facts)]))
  return {
    ...{ wanted: Object.entries(services).map(wants), containers, since: start, isStarting: false },
    ...{ deadlineMs: null, usualDeadlineMs: 300_000, ...more },
  }
}
const judged = (services: Given, seconds: number, more: Partial<DeployFacts> = {}) => judge(factsOf(services, more), at(seconds))
const failed = (service: string, words: string) => ({ verdict: 'failed', service, reason: `service ${service} ${words}` })

test('healthy: with a health check when it passes, without one after 10 s without a restart', (t) => {
  t.is(judged({ web: {}, db: healthy }, 9.9).verdict, 'waiting')
  t.is(judged({ web: {}, db: healthy }, 10).verdict, 'healthy')
  t.is(judged({ web: healthy }, 0).verdict, 'healthy')
  t.is(judged({ web: { health: null, longestCheckMs: 1000 } }, 60).verdict, 'waiting', 'its health check has said nothing yet')
  t.is(judged({ web: { restartCount: 1, upSince: at(5), lastRunMs: 1000 } }, 14).verdict, 'waiting')
  t.is(judged({ web: { restartCount: 1, upSince: at(5), lastRunMs: 1000 } }, 15).verdict, 'healthy')
  t.is(judged({}, 0).verdict, 'healthy', 'a file whose services are all scaled to 0')
})

test('services that ended with 0 and are not started again are done', (t) => {
  t.is(judged({ web: healthy, migrate: exited(0) }, 0).verdict, 'healthy')
  t.is(judged({ web: healthy, migrate: exited(0, { restartPolicy: 'on-failure' }) }, 0).verdict, 'healthy')
  t.is(judged({ web: healthy, migrate: { ...exited(0), restartPolicy: 'always', isJob: true } }, 0).verdict, 'healthy')
  t.is(judged({ web: healthy, migrate: exited(0, { restartPolicy: 'always' }) }, 0).verdict, 'waiting')
})

test('failed as soon as it cannot become healthy, naming the service', (t) => {
  t.deepEqual(judged({ web: {}, db: { ...starting, health: 'unhealthy' } }, 0), failed('db', 'is unhealthy'))
  t.deepEqual(judged({ web: {}, migrate: { ...exited(1), isJob: true } }, 0), failed('migrate', 'exited with code 1'))
  t.deepEqual(judged({ web: exited(7, { restartPolicy: 'on-failure', restartCount: 3 }) }, 0), failed('web', 'exited with code 7'))
  t.deepEqual(judged({ web: exited(137, { outOfMemory: true }) }, 0), failed('web', 'ran out of memory (exit code 137)'))
  t.deepEqual(judged({ web: exited(0, { wasStopped: true }) }, 0), failed('web', 'was stopped'))
  t.deepEqual(judged({ web: { state: 'created', startError: 'no such device' } }, 0), failed('web', 'could not start: no such device'))
  t.deepEqual(judged({ web: { state: 'dead', exitCode: 1 } }, 0), failed('web', 'is dead (exit code 1)'))
  t.deepEqual(judged({ web: { isMissing: true }, db: healthy }, 0), failed('web', 'has no container'))
})

test('while Compose runs, what is missing may still come, but what is lost is lost', (t) => {
  const isStarting = true
  t.like(judged({ web: { isMissing: true }, db: starting }, 0, { isStarting }), {
    words: '0 of 2 healthy, web waiting, db starting, 300 s left',
  })
  t.like(judged({ web: { state: 'created', upSince: null, firstUpSince: null }, db: healthy }, 0, { isStarting }), { verdict: 'waiting' })
  t.like(judged({ web: healthy }, 0, { isStarting }), { verdict: 'waiting', words: '1 of 1 healthy, 300 s left' })
  t.deepEqual(judged({ web: { isMissing: true }, migrate: exited(1) }, 0, { isStarting }), failed('migrate', 'exited with code 1'))
})

test('a dependency that never gets healthy fails at the deadline, also while Compose waits for it', (t) => {
  const given = { db: starting, web: { isMissing: true } }
  t.is(judged(given, 299, { isStarting: true }).verdict, 'waiting')
  t.deepEqual(judged(given, 300, { isStarting: true }), failed('db', 'was not healthy within 300 s: starting'))
  t.is(
    judged({ web: { isMissing: true } }, 10_000, { isStarting: true }).verdict,
    'waiting',
    'images are still pulled, nothing has started',
  )
})

test('the deadline: as asked, else the usual, or what the slowest health check may take and a minute more', (t) => {
  const slow = { ...starting, longestCheckMs: 400_000 }
  t.like(judged({ web: slow }, 0), { words: '0 of 1 healthy, web starting, 460 s left' })
  t.like(judged({ web: slow }, 0, { deadlineMs: 30_000 }), { words: '0 of 1 healthy, web starting, 30 s left' })
  t.like(
    judged({ web: { ...slow, longestCheckMs: 10 ** 12 } }, 0),
    { words: '0 of 1 healthy, web starting, 43200 s left' },
    'never endless',
  )
  t.deepEqual(judged({ web: slow }, 30, { deadlineMs: 30_000 }), failed('web', 'was not healthy within 30 s: starting'))
  const late = { ...starting, firstUpSince: at(100), upSince: at(100) }
  t.like(
    judged({ web: healthy, db: late }, 100),
    { words: '1 of 2 healthy, db starting, 300 s left' },
    "it counts from the last container's start",
  )
  const old = { ...starting, firstUpSince: at(-9000), upSince: at(-9000) }
  t.like(judged({ db: old }, 0), { words: '0 of 1 healthy, db starting, 300 s left' }, 'but never from before the deploy')
  t.is(judged({ web: slow }, 180).verdict, 'waiting')
  t.is(judged({ web: { ...slow, ...healthy } }, 180).verdict, 'healthy', 'a start of three minutes is fine')
})

test('a crash loop has failed once all others are fine, because the service may have waited for one of them', (t) => {
  t.is(judged({ web: crashed(4, 3) }, 5).verdict, 'waiting')
  t.deepEqual(judged({ web: crashed(5, 3) }, 5), failed('web', 'keeps restarting (exit code 3)'))
  t.is(judged({ web: crashed(9, 20), db: starting }, 25).verdict, 'waiting')
  t.is(judged({ web: crashed(9, 20), db: { ...healthy, healthySince: at(22) } }, 25).verdict, 'waiting', 'its last attempt began too early')
  t.is(judged({ web: crashed(10, 23), db: { ...healthy, healthySince: at(22) } }, 25).verdict, 'failed')
  t.is(judged({ web: crashed(5, 3), api: crashed(5, 3) }, 5).verdict, 'failed', 'two loops do not wait for each other')
  t.is(judged({ db: crashed(5, 3), web: { isMissing: true } }, 5, { isStarting: true }).verdict, 'failed', 'Compose waits for it')
  t.deepEqual(
    judged({ web: crashed(3, 200, { firstUpSince: start }), db: starting }, 300).verdict,
    'failed',
    'restarts do not move the deadline',
  )
})

test('counts every container of a scaled service', (t) => {
  const wanted: WantedService[] = [{ name: 'web', image: null, replicas: 2, isJob: false, restart: 'no' }]
  const of = (...facts: Partial<ContainerFacts>[]) => factsOf({}, { wanted, containers: facts.map((each) => container('web', each)) })
  t.is(judge(of(healthy, healthy), start).verdict, 'healthy')
  t.is(judge(of(healthy, starting), start).verdict, 'waiting')
  t.deepEqual(judge(of(healthy), start), failed('web', 'has 1 of 2 containers'))
})

test('names at most three services, and the seconds that are left every 5 s', (t) => {
  const many = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, starting]))
  t.like(judged(many, 1), { words: '0 of 5 healthy, a starting, b starting, c starting, 2 more, 299 s left', nextLookAt: at(5) })
  t.like(judged({ web: {} }, 8), { nextLookAt: at(10) })
})

const second = fc.integer({ min: -20, max: 400 })
const someContainer = fc
  .record({
    state: fc.constantFrom(...containerStates),
    health: fc.constantFrom(null, ...containerHealths),
    exitCode: fc.constantFrom(null, 0, 1),
    restartPolicy: fc.constantFrom('no', 'always', 'on-failure'),
    restartCount: fc.constantFrom(0, 1, 5, 9),
    up: second,
    hasCheck: fc.boolean(),
    wasStopped: fc.boolean(),
  })
  .map(({ up, hasCheck, ...facts }): Partial<ContainerFacts> => {
    const health = hasCheck ? facts.health : null
    const times = { upSince: at(up), firstUpSince: at(Math.min(up, 0)), healthySince: health === 'healthy' ? at(up) : null }
    return { ...facts, ...times, health, longestCheckMs: hasCheck ? 90_000 : null }
  })
const someFacts = fc
  .record({
    services: fc.array(fc.record({ facts: someContainer, isMissing: fc.boolean(), isJob: fc.boolean() }), { maxLength: 4 }),
    isStarting: fc.boolean(),
  })
  .map(({ services, isStarting }) =>
    factsOf(Object.fromEntries(services.map(({ facts, ...more }, index) => [`s${index}`, { ...facts, ...more }])), { isStarting }),
  )

test('property: left alone, a deploy whose Compose has ended gets its verdict by its deadline, and never changes it before it is due', (t) => {
  fc.assert(
    fc.property(someFacts, second, (given, seconds) => {
      const facts = { ...given, isStarting: false }
      let now = at(seconds)
      let judgement = judge(facts, now)
      for (let looks = 0; judgement.verdict === 'waiting'; looks++) {
        if (judgement.nextLookAt === null || looks > 1000) return false
        const { nextLookAt } = judgement
        const between = new Date((now.getTime() + nextLookAt.getTime()) / 2)
        if (nextLookAt <= now || judge(facts, between).verdict !== 'waiting') return false
        now = nextLookAt
        judgement = judge(facts, now)
      }
      return now <= at(Math.max(seconds, 700 + 300))
    }),
    { numRuns: 500 },
  )
  t.pass()
})

test('property: healthy only if each service has a container that is healthy, has run for 10 s or is done', (t) => {
  fc.assert(
    fc.property(someFacts, second, (facts, seconds) => {
      const now = at(seconds)
      if (judge(facts, now).verdict !== 'healthy') return true
      const isWell = ({ state, health, longestCheckMs, upSince, exitCode }: ContainerFacts): boolean => {
        if (state === 'exited') return exitCode === 0
        if (state !== 'running') return false
        return longestCheckMs === null ? (upSince?.getTime() ?? Infinity) + 10_000 <= now.getTime() : health === 'healthy'
      }
      return !facts.isStarting && facts.containers.length === facts.wanted?.length && facts.containers.every(isWell)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('property: it fails early only for a service that does not run well, and always names it', (t) => {
  fc.assert(
    fc.property(someFacts, second, (facts, seconds) => {
      const judgement = judge(facts, at(seconds))
      if (judgement.verdict !== 'failed') return true
      const own = facts.containers.filter(({ service }) => service === judgement.service)
      const runsWell = own.length > 0 && own.every(({ state, health }) => state === 'running' && health === 'healthy')
      return facts.wanted?.some(({ name }) => name === judgement.service) === true && !runsWell
    }),
    { numRuns: 1000 },
  )
  t.pass()
})
