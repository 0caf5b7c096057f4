import test from 'ava'
import { pino } from 'pino'
import { wantedServices } from '../../api/apps/wanted-services.ts'
import { createComposeCli } from '../../api/docker/compose-cli.ts'
import { testEachVersion } from '../helpers/compose-versions.ts'
import { ensureTestImage, uniqueProject } from '../helpers/docker.ts'
import { deployed } from '../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

testEachVersion('a service that is stopped with 0, paused or removed is missed; jobs, profiles and scale 0 are not', async (t, compose) => {
  const app = await deployed(
    t,
    {
      web: 'depends_on: [db]',
      db: '',
      job: 'command: ["true"]',
      debug: 'profiles: [debug]',
      none: 'deploy: { replicas: 0 }',
      zero: 'scale: 0',
    },
    compose,
  )
  t.is(app.operation.status, 'succeeded', app.operation.error ?? '')
  await app.becomes('running', null)
  await app.container('db').stop()
  await app.becomes('degraded', 'service db was stopped')
  await app.container('db').start()
  await app.becomes('running', null)
  await app.container('db').pause()
  await app.becomes('degraded', 'service db is paused')
  await app.container('db').unpause()
  await app.becomes('running', null)
  await app.container('web').remove({ force: true })
  await app.becomes('degraded', 'service web has no container')
  const started = await app.outcome(await app.apps.startApp(app.id))
  t.is(started.status, 'succeeded', started.error ?? '')
  await app.becomes('running', null)

  const { status, output } = await app.outcome(await app.apps.stopApp(app.id))
  t.is(status, 'succeeded')
  t.deepEqual(
    output.flatMap((line) => /^Container .*[-_](\w+)[-_]1 stopped$/.exec(line)?.[1] ?? []),
    ['web', 'db'],
    'what others need stops after them',
  )
})

testEachVersion('a container that its restart policy starts again and again is no service that runs', async (t, compose) => {
  const app = await deployed(t, { web: '', loop: 'command: ["sh", "-c", "exit 3"], restart: always' }, compose)
  t.is(app.operation.status, 'succeeded', app.operation.error ?? '')
  await app.becomes('degraded', 'service loop keeps restarting (exit code 3)')
  await app.seen.first(({ containers }) => containers.some(({ restartCount }) => (restartCount ?? 0) >= 3), { withinMs: 30_000 })
  t.like(app.apps.get(app.id), { status: 'degraded', statusReason: 'service loop keeps restarting (exit code 3)' })
})

testEachVersion('what both versions resolve a file to wants the same services', async (t, { env }) => {
  const project = await uniqueProject(t)
  await project.writeCompose(`services:
  web:
    image: "nginx:\${TAG:-1}"
    restart: on-failure:3
    deploy: { replicas: 2 }
    depends_on: { migrate: { condition: service_completed_successfully }, db: { condition: service_started } }
  db: { image: postgres, restart: unless-stopped, scale: 0 }
  migrate: { image: migrate, links: [db] }
  side: { image: side, network_mode: "service:db", restart: always }
  debug: { image: debug, profiles: [debug] }
`)
  const model = await createComposeCli({ log: pino({ level: 'silent' }), env }).model(project, AbortSignal.timeout(60_000))
  const wanted = (wantedServices(model, []) ?? []).toSorted((a, b) => a.name.localeCompare(b.name))
  t.deepEqual(
    wanted.map((service) => ({ ...service, dependsOn: service.dependsOn?.toSorted() })),
    [
      { name: 'db', image: 'postgres', replicas: 0, isJob: false, restart: 'unless-stopped', dependsOn: [] },
      { name: 'migrate', image: 'migrate', replicas: 1, isJob: true, restart: 'no', dependsOn: ['db'] },
      { name: 'side', image: 'side', replicas: 1, isJob: false, restart: 'always', dependsOn: ['db'] },
      { name: 'web', image: 'nginx:1', replicas: 2, isJob: false, restart: 'on-failure', dependsOn: ['db', 'migrate'] },
    ],
  )
})
