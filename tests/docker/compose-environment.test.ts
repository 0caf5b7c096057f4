import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { pino } from 'pino'
import { createComposeCli } from '../../api/docker/compose-cli.ts'
import { composeArguments, projectEnvironment } from '../../api/docker/compose-command.ts'
import type { ComposeProject } from '../../api/docker/engine.types.ts'
import { composeOf, testEachVersion } from '../helpers/compose-versions.ts'
import { uniqueProject } from '../helpers/docker.ts'
import { hardValue } from '../helpers/hard-values.ts'

const log = pino({ level: 'silent' })

interface Model {
  services: Record<string, { environment: Record<string, string | null> }>
}

const file = `services:
  web:
    image: x
    environment:
      GIVEN: "\${GIVEN-unset}"
      EMPTY: "\${EMPTY-unset}"
      ONLY_IN_FILE: "\${ONLY_IN_FILE-unset}"
      BY_NAME:
      __proto__: "\${__proto__-unset}"
`

testEachVersion('variables of an app reach Compose through its process, and .env is not read again', async (t, { env }) => {
  const compose = createComposeCli({ log, env })
  const project = await uniqueProject(t)
  await project.writeCompose(file)
  await writeFile(join(project.directory, '.env'), 'GIVEN=file\nEMPTY=file\nONLY_IN_FILE=file\n')
  const environmentWith = async (more: Partial<ComposeProject>): Promise<Record<string, string | null> | undefined> =>
    ((await compose.model({ ...project, ...more }, AbortSignal.timeout(20_000))) as Model).services['web']?.environment

  t.like(await environmentWith({}), { GIVEN: 'file', EMPTY: 'file', ONLY_IN_FILE: 'file' })
  const environment = Object.fromEntries([
    ['GIVEN', 'app'],
    ['EMPTY', ''],
    ['BY_NAME', 'öß "$$" #'],
    ['__proto__', 'own'],
  ])
  const read = await environmentWith({ environment })
  t.like(read, { GIVEN: 'app', EMPTY: '', ONLY_IN_FILE: 'unset' })
  // Compose prints "$" as "$$".
  t.is(read?.['BY_NAME'], 'öß "$$$$" #')
  t.is(Object.getOwnPropertyDescriptor(read ?? {}, '__proto__')?.value, 'own')
  t.like(await environmentWith({ environment: {} }), { GIVEN: 'unset', EMPTY: 'unset', ONLY_IN_FILE: 'unset' })
})

testEachVersion('the model has every value as it was given', async (t, version) => {
  const seed = Date.now() & 0x7fffffff
  // Two that version 1 prints in ways that YAML 1.2 reads otherwise, then any.
  const values = ['[\n\u2028]', 'a\x85\nb', ...fc.sample(hardValue, { numRuns: 300, seed })]
  const environment = Object.fromEntries(values.map((value, at) => [`V${at}`, value]))
  const project = await uniqueProject(t)
  await project.writeCompose(
    `services:\n  web:\n    image: x\n    environment:\n${values.map((_, at) => `      V${at}: "\${V${at}}"\n`).join('')}`,
  )
  const model = (await composeOf(version).model({ ...project, environment }, AbortSignal.timeout(20_000))) as Model
  const read = model.services['web']?.environment ?? {}
  for (const [name, value] of Object.entries(environment))
    t.is(read[name]?.replaceAll('$$', '$'), value, `${JSON.stringify(value)}, seed ${seed}`)
})

testEachVersion('names that steer Compose are not passed on, and what Compose needs to run stays', async (t, { env }) => {
  const compose = createComposeCli({ log, env })
  const project = await uniqueProject(t)
  await project.writeCompose('services:\n  web:\n    image: "${PYTHONPATH-none}${LD_PRELOAD-none}${COMPOSE_FILE-none}"\n')
  const environment = {
    PYTHONPATH: '/x',
    LD_PRELOAD: '/x.so',
    PATH: '/nowhere',
    HOME: '/nowhere',
    DOCKER_HOST: 'tcp://x',
    COMPOSE_FILE: 'x',
  }
  const model = (await compose.model({ ...project, environment }, AbortSignal.timeout(20_000))) as { services: { web: { image: string } } }
  t.is(model.services.web.image, 'nonenonenone')
})

testEachVersion('secret values are masked in what Compose says, and kept in the model', async (t, { env }) => {
  const compose = createComposeCli({ log, env })
  const project = await uniqueProject(t)
  const hidden = { ...project, environment: { KEY: 'planted-secret' }, mask: (text: string) => text.replaceAll('planted-secret', '••••') }
  await project.writeCompose('services:\n  web:\n    image: x\n    ports: ["${KEY}"]\n')
  const { problems } = await compose.config(hidden)
  t.true(problems.length > 0)
  t.notRegex(JSON.stringify(problems), /planted-secret/)
  await project.writeCompose('services:\n  web:\n    image: "x:${KEY}"\n')
  t.regex(JSON.stringify(await compose.model(hidden, AbortSignal.timeout(20_000))), /x:planted-secret/)
  const run = { onLine: () => {}, signal: AbortSignal.timeout(30_000) }
  await project.writeCompose('services:\n  web:\n    image: "127.0.0.1:1/none:${KEY}"\n')
  const { message } = await t.throwsAsync(compose.run(hidden, 'pull', run))
  t.regex(message, /••••/)
  t.notRegex(message, /planted-secret/)
})

test('profiles come from the list and from COMPOSE_PROFILES, each once', (t) => {
  const project = { name: 'a', directory: '/a' }
  const own = { PATH: '/bin', TZ: 'UTC' }
  const of = (more: Partial<ComposeProject>): NodeJS.ProcessEnv => projectEnvironment(own, { ...project, ...more })
  t.is(of({}), own)
  t.deepEqual(of({ profiles: ['a', 'b'] }), { ...own, COMPOSE_PROFILES: 'a,b' })
  t.deepEqual(of({ profiles: ['a'], environment: { COMPOSE_PROFILES: 'b, a' } }), { ...own, COMPOSE_PROFILES: 'a,b' })
  t.deepEqual(of({ environment: { TZ: 'Europe/Berlin', PATH: '/x' } }), { PATH: '/bin', TZ: 'Europe/Berlin' })
})

test('no value is an argument', (t) => {
  const program = { file: 'docker' as const, prefix: ['compose'], version: '2.26.1' }
  const args = composeArguments(program, { name: 'a', directory: '/a', environment: { KEY: 'planted-secret' }, profiles: ['hidden'] }, 'up')
  t.notRegex(args.join(' '), /planted-secret|hidden/)
})
