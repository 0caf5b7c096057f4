import test from 'ava'
import fc from 'fast-check'
import { appDesiredStates, appStatuses, containerHealths, containerStates } from '../../api/apps/app.ts'
import { nextChangeAt, statusOf, type AppFacts } from '../../api/apps/app-status.ts'
import type { ContainerFacts } from '../../api/apps/container-facts.ts'
import { operationKinds } from '../../api/apps/operation.ts'
import type { WantedService } from '../../api/apps/wanted-services.ts'

const now = new Date('2026-01-26T20:00:00Z')
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000)

const container = (service: string, facts: Partial<ContainerFacts> = {}): ContainerFacts => ({
  ...{ id: service, name: `shop-${service}-1`, service, image: 'web', state: 'running', health: null, statusText: '' },
  ...{ exitCode: null, startedAt: ago(3600), finishedAt: null, restartCount: 0, ports: [], morePorts: 0, createdAt: new Date(0) },
  ...{ restartPolicy: 'no', wasStopped: false, upSince: ago(3600), lastRunMs: null, lastExitCode: null },
  ...{ outOfMemory: false, startError: null, isOneOff: false, firstUpSince: ago(3600), healthySince: null, longestCheckMs: null },
  ...facts,
})
const exited = (service: string, exitCode: number | null, facts: Partial<ContainerFacts> = {}) =>
  container(service, { state: 'exited', exitCode, ...facts })
const wants = (name: string, facts: Partial<WantedService> = {}): WantedService => ({
  ...{ name, image: 'web', replicas: 1, isJob: false, restart: 'no' },
  ...facts,
})
const app = (facts: Partial<AppFacts> = {}) =>
  statusOf({
    ...{ desiredState: 'running', activeOperation: null, lastFailure: null, containers: [], wanted: null, dockerAvailable: true, now },
    ...facts,
  })
const webAndDb = [wants('web'), wants('db')]
/** An app with two services: web runs, db is given. */
const withDb = (db: ContainerFacts | null, facts: Partial<AppFacts> = {}) =>
  app({ wanted: webAndDb, containers: [container('web'), ...(db ? [db] : [])], ...facts })
const verdict = (status: string, statusReason: string | null = null) => ({ status, statusReason })
const failed = (kind: 'create' | 'update' | 'stop' | 'remove', why: string) => ({ kind, reason: `${kind} failed: ${why}` })

test("an active operation sets the status, whatever Docker's state is", (t) => {
  t.deepEqual(app({ activeOperation: 'create', dockerAvailable: 'gone' }), verdict('pending'))
  const words = { update: 'updating', start: 'starting', stop: 'stopping', remove: 'removing' } as const
  for (const kind of ['update', 'start', 'stop', 'remove'] as const) {
    t.deepEqual(app({ activeOperation: kind, containers: [exited('web', 1)] }), verdict(words[kind]))
  }
})

test('without Docker the status is unknown, with the reason', (t) => {
  t.deepEqual(app({ dockerAvailable: 'connection refused', containers: [container('web')] }), verdict('unknown', 'connection refused'))
  t.deepEqual(app({ dockerAvailable: false }), verdict('unknown', 'Docker does not answer'))
})

test('should run: running when every wanted service runs or has finished', (t) => {
  t.deepEqual(withDb(container('db', { health: 'healthy' })), verdict('running'))
  t.deepEqual(withDb(exited('db', 0)), verdict('running'))
  t.deepEqual(withDb(exited('db', 0, { restartPolicy: 'on-failure' })), verdict('running'))
  t.deepEqual(
    app({ wanted: [...webAndDb, wants('none', { replicas: 0 })], containers: [container('web'), container('db')] }),
    verdict('running'),
  )
  t.deepEqual(
    withDb(container('db', { health: 'starting' })),
    verdict('running', 'service db has not passed its health check yet'),
    'it counts as running until its health check reports',
  )
})

test('should run: a running app shows the last failed operation', (t) => {
  t.deepEqual(
    withDb(container('db'), { lastFailure: failed('update', 'no such image') }),
    verdict('running', 'update failed: no such image'),
  )
})

const looping = (service: string, facts: Partial<ContainerFacts> = {}) =>
  container(service, { restartCount: 4, upSince: ago(2), lastRunMs: 300, restartPolicy: 'always', lastExitCode: 1, ...facts })

test('should run: one failing service of two makes the app degraded and is named', (t) => {
  const reasons: [ContainerFacts | null, string][] = [
    [null, 'service db has no container'],
    [exited('db', 0, { wasStopped: true }), 'service db was stopped'],
    [exited('db', 0, { restartPolicy: 'always' }), 'service db was stopped'],
    [exited('db', 0, { restartPolicy: 'unless-stopped' }), 'service db was stopped'],
    [exited('db', 137, { wasStopped: true }), 'service db was stopped (exit code 137)'],
    [exited('db', 137), 'service db exited with code 137'],
    [exited('db', 137, { outOfMemory: true }), 'service db ran out of memory (exit code 137)'],
    [exited('db', null), 'service db exited'],
    [container('db', { state: 'paused' }), 'service db is paused'],
    [container('db', { state: 'restarting', exitCode: 1 }), 'service db keeps restarting (exit code 1)'],
    [container('db', { state: 'restarting' }), 'service db keeps restarting'],
    [looping('db'), 'service db keeps restarting (exit code 1)'],
    [looping('db', { restartCount: 1 }), 'service db has just restarted (exit code 1)'],
    [container('db', { state: 'dead' }), 'service db is dead'],
    [container('db', { state: 'unknown' }), 'service db is in a state this version of Selfhostly does not know'],
    [container('db', { state: 'removing' }), 'service db is being removed'],
    [container('db', { health: 'unhealthy' }), 'service db is unhealthy'],
    [container('db', { state: 'created' }), 'service db was created but has not started'],
    [
      container('db', { state: 'created', startError: 'port is already allocated' }),
      'service db could not start: port is already allocated',
    ],
  ]
  for (const [wrong, reason] of reasons) t.deepEqual(withDb(wrong), verdict('degraded', reason))
})

test('says only once why a service could not start', (t) => {
  const fault = 'port 127.0.0.1:80 is already in use by another program on this node'
  const failure = { kind: 'create' as const, reason: `Creating it failed: could not start service "web": ${fault}` }
  const web = container('web', { state: 'created', startError: fault })
  const wanted = [wants('web'), wants('db')]
  t.deepEqual(app({ wanted, containers: [web, container('db')], lastFailure: failure }), verdict('error', failure.reason))
  t.deepEqual(
    app({ wanted, containers: [web, exited('db', 1)], lastFailure: failure }),
    verdict('error', `service db exited with code 1 (${failure.reason})`),
  )
  const other = container('web', { state: 'created', startError: 'another reason' })
  t.deepEqual(
    app({ wanted, containers: [other, container('db')], lastFailure: failure }),
    verdict('error', `service web could not start: another reason (${failure.reason})`),
  )
})

test('should run: error when no service runs, or when some do not after a failed operation', (t) => {
  t.deepEqual(app({ wanted: [wants('web')], containers: [exited('web', 1)] }), verdict('error', 'service web exited with code 1'))
  t.deepEqual(app({ wanted: [wants('web')], containers: [looping('web')] }), verdict('error', 'service web keeps restarting (exit code 1)'))
  t.deepEqual(
    app({ wanted: [wants('web'), wants('job')], containers: [exited('web', 1), exited('job', 0)] }),
    verdict('error', 'service web exited with code 1'),
    'a finished job does not count as running',
  )
  t.deepEqual(app({ wanted: webAndDb }), verdict('error', 'service web has no container, service db has no container'))
  t.deepEqual(app({ wanted: webAndDb, lastFailure: failed('create', 'port is taken') }), verdict('error', 'create failed: port is taken'))
  t.deepEqual(
    withDb(null, { lastFailure: failed('create', 'port is taken') }),
    verdict('error', 'service db has no container (create failed: port is taken)'),
  )
  t.deepEqual(
    withDb(container('db', { health: 'unhealthy' }), { lastFailure: failed('update', 'late') }),
    verdict('degraded', 'service db is unhealthy (update failed: late)'),
    'every service runs',
  )
  t.deepEqual(
    app({ wanted: [wants('web')], containers: [container('web', { health: 'unhealthy' })] }),
    verdict('degraded', 'service web is unhealthy'),
  )
})

test('should run: a job that others wait for has finished when it exits with 0, whatever its restart policy', (t) => {
  const job = exited('migrate', 0, { restartPolicy: 'unless-stopped' })
  t.is(app({ wanted: [wants('web'), wants('migrate', { isJob: true })], containers: [container('web'), job] }).status, 'running')
  t.is(app({ wanted: [wants('web'), wants('migrate')], containers: [container('web'), job] }).status, 'degraded')
})

test('should run: every container of a scaled service counts', (t) => {
  const replicas = (states: ContainerFacts[], facts: Partial<AppFacts> = {}) =>
    app({ wanted: [wants('web', { replicas: 3 })], containers: states, ...facts })
  const [one, two, three] = [container('web'), container('web'), container('web')]
  t.deepEqual(replicas([one, two, three]), verdict('running'))
  t.deepEqual(replicas([one, two]), verdict('degraded', 'service web runs 2 of 3 containers'))
  t.deepEqual(replicas([one, two, exited('web', 1)]), verdict('degraded', 'service web runs 2 of 3 containers: one exited with code 1'))
  t.deepEqual(replicas([exited('web', 1)]), verdict('error', 'service web runs 0 of 3 containers: one exited with code 1'))
  t.deepEqual(replicas([one, two, three, exited('web', 1)]), verdict('running'), 'an extra container does not matter')
})

test('should run: a running service that the file does not ask for is named but does not count', (t) => {
  const wanted = [wants('web')]
  t.deepEqual(
    app({ wanted, containers: [container('web'), container('old')] }),
    verdict('running', 'service old is running, but the deployed file does not ask for it'),
  )
  t.deepEqual(app({ wanted, containers: [container('web'), exited('old', 1)] }), verdict('running'))
  t.deepEqual(app({ wanted, containers: [container('old')] }), verdict('error', 'service web has no container'))
  t.deepEqual(app({ wanted, containers: [container('web', { isOneOff: true })] }), verdict('error', 'service web has no container'))
})

test('should run: names up to three failing services', (t) => {
  const wrong = ['a', 'b', 'c', 'd', 'e'].map((service) => exited(service, 1))
  t.is(app({ containers: wrong.slice(0, 2) }).statusReason, 'service a exited with code 1, service b exited with code 1')
  t.is(
    app({ containers: wrong }).statusReason,
    'service a exited with code 1, service b exited with code 1, service c exited with code 1 and 2 more',
  )
})

test('should run: stopped when everything has finished, error when there are no containers', (t) => {
  t.deepEqual(app({ containers: [exited('job', 0), exited('other', 0)] }), verdict('stopped', 'every service has finished'))
  t.deepEqual(app(), verdict('error', 'the app has no containers'))
  t.deepEqual(app({ lastFailure: failed('create', 'port is taken') }), verdict('error', 'create failed: port is taken'))
  t.deepEqual(
    app({ containers: [container('', { name: 'stray', health: 'unhealthy' })] }),
    verdict('degraded', 'service stray is unhealthy'),
  )
})

test('a restarted container counts after 10 s or twice its previous run; a crash after a minute is not a loop', (t) => {
  const of = (upFor: number, lastRunMs: number | null, restartCount = 3) =>
    withDb(looping('db', { upSince: ago(upFor), lastRunMs, restartCount })).status
  t.deepEqual([of(9.9, 300), of(10, 300)], ['degraded', 'running'])
  t.deepEqual([of(9.9, null), of(10, null)], ['degraded', 'running'])
  t.deepEqual([of(24, 15_000), of(30, 15_000)], ['degraded', 'running'])
  t.deepEqual([of(9.9, 3_600_000), of(10, 3_600_000)], ['degraded', 'running'])
  t.is(of(1, 300, 0), 'running', 'it was started by hand and not by its restart policy')
})

test('tells when the status next changes without an event', (t) => {
  const at = (...containers: ContainerFacts[]) => nextChangeAt({ containers, now })
  t.is(at(container('web')), null)
  t.is(at(looping('web', { upSince: ago(10) })), null)
  t.deepEqual(at(looping('web', { upSince: ago(2) }), looping('db', { upSince: ago(4) })), ago(-6))
})

test('should run: a service that wants no containers is no service that could run', (t) => {
  t.deepEqual(app({ wanted: [wants('none', { replicas: 0 })] }), verdict('error', 'the app has no containers'))
})

test('should run: after a failed operation, an unhealthy service beside a finished job is degraded, not an error', (t) => {
  const containers = [container('web', { health: 'unhealthy' }), exited('job', 0)]
  t.is(app({ wanted: [wants('web'), wants('job', { isJob: true })], containers, lastFailure: failed('update', 'x') }).status, 'degraded')
})

test('should run: while the file is unknown, a service that ended with 0 although it restarts always has not finished', (t) => {
  t.is(app({ containers: [container('db'), exited('web', 0, { restartPolicy: 'always' })] }).status, 'degraded')
})

test('names exactly three failing services without counting more', (t) => {
  const names = ['a', 'b', 'c']
  const { statusReason } = app({ wanted: names.map((name) => wants(name)), containers: [], lastFailure: null })
  t.is(statusReason, names.map((name) => `service ${name} has no container`).join(', '))
})

test('should be stopped: paused and restarting containers still run', (t) => {
  for (const state of ['paused', 'restarting'] as const) {
    const words = `the app should be stopped, but service web is ${state}`
    t.deepEqual(app({ desiredState: 'stopped', containers: [container('web', { state })] }), verdict('running', words))
  }
})

test('should be stopped: exit codes do not matter', (t) => {
  t.deepEqual(app({ desiredState: 'stopped' }), verdict('stopped'))
  t.deepEqual(app({ desiredState: 'stopped', wanted: webAndDb, containers: [exited('web', 137), exited('db', 0)] }), verdict('stopped'))
})

test('should be stopped: names what still runs, and is an error after a failed operation', (t) => {
  const containers = [container('web'), exited('db', 0)]
  t.deepEqual(app({ desiredState: 'stopped', containers }), verdict('running', 'the app should be stopped, but service web is running'))
  t.deepEqual(
    app({ desiredState: 'stopped', containers, lastFailure: failed('stop', 'timeout') }),
    verdict('error', 'the app should be stopped, but service web is running (stop failed: timeout)'),
  )
})

test('a failed removal is an error with its reason, even when nothing runs', (t) => {
  t.deepEqual(
    app({ desiredState: 'stopped', lastFailure: failed('remove', 'network in use') }),
    verdict('error', 'remove failed: network in use'),
  )
  t.deepEqual(
    app({ desiredState: 'stopped', containers: [exited('web', 0)], lastFailure: failed('stop', 'timeout') }),
    verdict('stopped', 'stop failed: timeout'),
    'the app is stopped as asked',
  )
})

const services = ['web', 'db', 'job']
const anyContainer = fc
  .record({
    service: fc.constantFrom(...services, ''),
    state: fc.constantFrom(...containerStates),
    health: fc.constantFrom(null, ...containerHealths),
    exitCode: fc.option(fc.integer({ min: 0, max: 255 })),
    restartPolicy: fc.constantFrom('no', 'always', 'on-failure', 'unless-stopped', null),
    restartCount: fc.constantFrom(null, 0, 1, 50),
    upSince: fc.constantFrom(null, ago(1), ago(100), ago(-100)),
    lastRunMs: fc.option(fc.nat({ max: 100_000 })),
    wasStopped: fc.boolean(),
    isOneOff: fc.boolean(),
  })
  .map(({ service, ...facts }) => container(service, facts))

const anyFacts: fc.Arbitrary<AppFacts> = fc.record({
  desiredState: fc.constantFrom(...appDesiredStates),
  activeOperation: fc.option(fc.constantFrom(...operationKinds)),
  lastFailure: fc.option(fc.record({ kind: fc.constantFrom(...operationKinds), reason: fc.string({ minLength: 1 }) })),
  containers: fc.array(anyContainer, { maxLength: 6 }),
  wanted: fc.option(
    fc.uniqueArray(
      fc
        .record({ name: fc.constantFrom(...services), replicas: fc.nat({ max: 3 }), isJob: fc.boolean() })
        .map(({ name, ...facts }) => wants(name, facts)),
      { selector: ({ name }) => name },
    ),
  ),
  dockerAvailable: fc.oneof(fc.boolean(), fc.string()),
  now: fc.constant(now),
})

test('any facts: the status is known, and one that needs attention has a reason', (t) => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { status, statusReason } = statusOf(facts)
      const needsReason = ['error', 'degraded', 'unknown'].includes(status) || (status === 'running' && facts.desiredState === 'stopped')
      return appStatuses.includes(status) && (!needsReason || Boolean(statusReason))
    }),
  )
  t.pass()
})

test('any facts: running means that enough containers of every wanted service run or have finished', (t) => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      if (facts.desiredState !== 'running' || !facts.wanted || statusOf(facts).status !== 'running') return true
      return facts.wanted.every(({ name, replicas }) => {
        const own = facts.containers.filter((each) => each.service === name && !each.isOneOff)
        const runs = own.filter(({ state }) => state === 'running')
        return runs.length + own.filter(({ state, exitCode }) => state === 'exited' && exitCode === 0).length >= replicas
      })
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('any facts: stopped means that no container of a wanted service runs', (t) => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      if (statusOf(facts).status !== 'stopped') return true
      const names = facts.desiredState === 'stopped' ? null : facts.wanted?.flatMap(({ name, replicas }) => (replicas > 0 ? name : []))
      return !facts.containers.some(
        ({ state, service, isOneOff }) => state === 'running' && !isOneOff && (names?.includes(service) ?? true),
      )
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('any facts: the order of the containers does not change the status', (t) => {
  fc.assert(
    fc.property(anyFacts, (facts) => statusOf(facts).status === statusOf({ ...facts, containers: facts.containers.toReversed() }).status),
  )
  t.pass()
})
