import test from 'ava'
import { wantedServices } from '../../api/apps/wanted-services.ts'

const of = (services: Record<string, unknown>, profiles: string[] = []) => wantedServices({ services }, profiles)
const [web] = of({ web: { image: 'web:1' } }) ?? []

test('a service has one container and no restart policy unless the file says otherwise', (t) => {
  t.deepEqual(web, { name: 'web', image: 'web:1', replicas: 1, isJob: false, restart: 'no', dependsOn: [] })
  t.is(of({ web: { build: '.' } })?.[0]?.image, null)
})

test('replicas: scale, else deploy.replicas, as numbers or text; global mode means one', (t) => {
  const replicas = (service: Record<string, unknown>) => of({ web: service })?.[0]?.replicas
  t.is(replicas({ scale: 3 }), 3)
  t.is(replicas({ deploy: { replicas: 2 } }), 2)
  t.is(replicas({ deploy: { replicas: '4' } }), 4)
  t.is(replicas({ scale: 0 }), 0)
  t.is(replicas({ deploy: { mode: 'global', replicas: 5 } }), 1)
  t.is(replicas({ deploy: { replicas: 'many' } }), 1)
  t.is(replicas({ deploy: null }), 1)
})

test('restart policies, with or without a maximum', (t) => {
  const restart = (value: unknown) => of({ web: { restart: value } })?.[0]?.restart
  t.deepEqual(['always', 'unless-stopped', 'on-failure', 'on-failure:3', 'no', undefined, 'sometimes'].map(restart), [
    'always',
    'unless-stopped',
    'on-failure',
    'on-failure',
    'no',
    'no',
    'no',
  ])
})

test('a service needs what it depends on, links to, or shares the network of', (t) => {
  const needs = (service: Record<string, unknown>) => of({ web: service })?.[0]?.dependsOn
  t.deepEqual(needs({ depends_on: ['db', 'cache'] }), ['db', 'cache'])
  t.deepEqual(needs({ depends_on: { db: { condition: 'service_healthy' } }, links: ['db:database', 'cache'] }), ['db', 'cache'])
  t.deepEqual(needs({ network_mode: 'service:vpn' }), ['vpn'])
  t.deepEqual(needs({ network_mode: 'host', depends_on: null, links: 7 }), [])
})

test('a job is a service that another one waits for to complete', (t) => {
  const found = of({
    web: { depends_on: { migrate: { condition: 'service_completed_successfully' }, db: { condition: 'service_healthy' } } },
    migrate: {},
    db: {},
    other: { depends_on: ['db'] },
  })
  t.deepEqual(
    found?.filter(({ isJob }) => isJob).map(({ name }) => name),
    ['migrate'],
  )
})

test('a service with profiles is wanted when one of them is active', (t) => {
  const names = (profiles: string[]) =>
    of({ web: {}, debug: { profiles: ['debug', 'dev'] }, none: { profiles: [] } }, profiles)?.map(({ name }) => name)
  t.deepEqual(names([]), ['web', 'none'])
  t.deepEqual(names(['dev']), ['web', 'debug', 'none'])
  t.deepEqual(names(['*']), ['web', 'debug', 'none'])
})

test('a model without services gives null', (t) => {
  for (const model of [null, 'text', [], {}, { services: null }, { services: [] }]) t.is(wantedServices(model, []), null)
})
