import test from 'ava'
import fc from 'fast-check'
import { appDesiredStates, appStatuses, containerHealths, containerStates, type Container } from '../../api/apps/app.ts'
import { statusOf, type AppFacts } from '../../api/apps/app-status.ts'
import { operationKinds } from '../../api/apps/operation.ts'

const container = (service: string, facts: Partial<Container> = {}): Container => ({
  id: service,
  name: `shop-${service}-1`,
  service,
  image: 'web',
  state: 'running',
  health: null,
  statusText: '',
  exitCode: null,
  ports: [],
  morePorts: 0,
  createdAt: new Date(0),
  ...facts,
})
const exited = (service: string, exitCode: number | null) => container(service, { state: 'exited', exitCode })
const app = (facts: Partial<AppFacts> = {}) =>
  statusOf({ desiredState: 'running', activeOperation: null, lastOperationError: null, containers: [], dockerAvailable: true, ...facts })
const verdict = (status: string, statusReason: string | null = null) => ({ status, statusReason })

test('an operation shows, whatever Docker says', (t) => {
  t.deepEqual(app({ activeOperation: 'create', dockerAvailable: 'gone' }), verdict('pending'))
  for (const activeOperation of ['update', 'start', 'stop', 'remove'] as const) {
    t.deepEqual(app({ activeOperation, containers: [exited('web', 1)] }), verdict('updating'))
  }
})

test('without Docker nothing is known, with the reason', (t) => {
  t.deepEqual(app({ dockerAvailable: 'connection refused', containers: [container('web')] }), verdict('unknown', 'connection refused'))
  t.deepEqual(app({ dockerAvailable: false }), verdict('unknown', 'Docker does not answer'))
})

test('should run: all well', (t) => {
  t.deepEqual(app({ containers: [container('web'), container('db', { health: 'healthy' })] }), verdict('running'))
  t.deepEqual(app({ containers: [container('web', { health: 'starting' })] }), verdict('running'))
  t.deepEqual(app({ containers: [container('web', { state: 'paused' })] }), verdict('running'))
  t.deepEqual(app({ containers: [container('web'), exited('migrate', 0)] }), verdict('running'))
})

test('should run: what runs after an operation that failed says so', (t) => {
  t.deepEqual(
    app({ containers: [container('web')], lastOperationError: 'update failed: no such image' }),
    verdict('running', 'update failed: no such image'),
  )
})

test('should run: a container in trouble is named, with its exit code', (t) => {
  const reasons: [Container, string][] = [
    [exited('db', 137), 'service db exited with code 137'],
    [exited('db', null), 'service db exited'],
    [container('db', { state: 'restarting', exitCode: 1 }), 'service db keeps restarting (exit code 1)'],
    [container('db', { state: 'restarting' }), 'service db keeps restarting'],
    [container('db', { state: 'dead' }), 'service db is dead'],
    [container('db', { health: 'unhealthy' }), 'service db is unhealthy'],
    [container('db', { state: 'created' }), 'service db was created, but has not started'],
    [container('', { name: 'stray', health: 'unhealthy' }), 'service stray is unhealthy'],
  ]
  for (const [wrong, reason] of reasons) t.deepEqual(app({ containers: [container('web'), wrong] }), verdict('error', reason))
})

test('should run: several in trouble are all named, up to three', (t) => {
  const wrong = ['a', 'b', 'c', 'd', 'e'].map((service) => exited(service, 1))
  t.is(app({ containers: wrong.slice(0, 2) }).statusReason, 'service a exited with code 1, service b exited with code 1')
  t.is(
    app({ containers: wrong }).statusReason,
    'service a exited with code 1, service b exited with code 1, service c exited with code 1 and 2 more',
  )
})

test('should run: everything has finished, or nothing is there', (t) => {
  t.deepEqual(app({ containers: [exited('job', 0), exited('other', 0)] }), verdict('stopped', 'all containers have finished'))
  t.deepEqual(app(), verdict('stopped', 'there are no containers'))
  t.deepEqual(app({ lastOperationError: 'create failed: port is taken' }), verdict('error', 'create failed: port is taken'))
})

test('should be stopped: how it ended does not matter', (t) => {
  t.deepEqual(app({ desiredState: 'stopped' }), verdict('stopped'))
  t.deepEqual(app({ desiredState: 'stopped', containers: [exited('web', 137), exited('db', 0)] }), verdict('stopped'))
})

test('should be stopped: what still runs is named', (t) => {
  const containers = [container('web'), exited('db', 0)]
  t.deepEqual(app({ desiredState: 'stopped', containers }), verdict('running', 'it should be stopped, but service web is running'))
  t.deepEqual(
    app({ desiredState: 'stopped', containers, lastOperationError: 'stop failed: timeout' }),
    verdict('running', 'it should be stopped, but service web is running (stop failed: timeout)'),
  )
})

const anyContainer = fc
  .record({
    service: fc.string(),
    state: fc.constantFrom(...containerStates),
    health: fc.constantFrom(null, ...containerHealths),
    exitCode: fc.option(fc.integer({ min: 0, max: 255 })),
  })
  .map(({ service, ...facts }) => container(service, facts))

const anyFacts: fc.Arbitrary<AppFacts> = fc.record({
  desiredState: fc.constantFrom(...appDesiredStates),
  activeOperation: fc.option(fc.constantFrom(...operationKinds)),
  lastOperationError: fc.option(fc.string({ minLength: 1 })),
  containers: fc.array(anyContainer, { maxLength: 6 }),
  dockerAvailable: fc.oneof(fc.boolean(), fc.string()),
})

test('any facts: a known status; what a person has to look into always has a reason', (t) => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { status, statusReason } = statusOf(facts)
      const needsReason = status === 'error' || status === 'unknown' || (status === 'running' && facts.desiredState === 'stopped')
      return appStatuses.includes(status) && (!needsReason || Boolean(statusReason))
    }),
  )
  t.pass()
})

test('any facts: running means that a container runs, and stopped that none does', (t) => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { status } = statusOf(facts)
      const runs = facts.containers.some(({ state }) => state === 'running' || state === 'paused' || state === 'restarting')
      return status === 'running' ? runs : status === 'stopped' ? !runs : true
    }),
  )
  t.pass()
})

test('any facts: the order of the containers does not change the status', (t) => {
  fc.assert(
    fc.property(anyFacts, (facts) => statusOf(facts).status === statusOf({ ...facts, containers: facts.containers.toReversed() }).status),
  )
  t.pass()
})
