import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import Docker from 'dockerode'
import { composeVersions } from '../../helpers/compose-versions.ts'
import { ensureTestImage, uniqueProject } from '../../helpers/docker.ts'
import { containersOf, nodeOf, web } from '../../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

/** The first test is for Compose 2 where both are there, the second for Compose 1.29. */
const two = composeVersions.find(({ major }) => major >= 2)
const one = composeVersions.find(({ major }) => major === 1) ?? two
type Version = typeof two

function up(version: Version, directory: string, name: string, env: NodeJS.ProcessEnv = {}): void {
  const [program = '', ...words] = version?.major === 1 ? ['docker-compose'] : ['docker', 'compose']
  execFileSync(program, [...words, '-p', name, 'up', '-d'], { cwd: directory, env: { ...version?.env, ...env }, stdio: 'ignore' })
}
const withCompose = (version: Version) => (version ? { env: version.env } : {})
const startsOf = async (name: string): Promise<unknown[]> =>
  Promise.all(
    (await containersOf(name)).map(async ({ Id }) => {
      const { State: state } = await new Docker().getContainer(Id).inspect()
      return [Id, state.StartedAt]
    }),
  )

test('a project that runs becomes an app in its own folder, without a restart, and its folder outlives it', async (t) => {
  t.timeout(240_000)
  const { name, directory } = await uniqueProject(t)
  const content = `${web("    environment: { WORD: '${WORD}' }\n    network_mode: none\n    volumes: ['./data:/data', '/srv:/other:ro']\n")}`
  writeFileSync(join(directory, 'docker-compose.yml'), content, { mode: 0o640 })
  writeFileSync(join(directory, '.env'), 'WORD=hello\n')
  up(two, directory, name)
  const other = await uniqueProject(t)
  writeFileSync(join(other.directory, 'docker-compose.yml'), web('    network_mode: none\n'))
  up(two, other.directory, other.name)
  const before = await startsOf(name)
  const { apps, outcome } = await nodeOf(t, withCompose(two))

  const preview = await apps.previewImport({ project: name })
  t.like(preview, {
    folder: directory,
    mustConfirm: true,
    file: 'docker-compose.yml',
    composeContent: content,
    problem: null,
    variables: ['WORD'],
  })
  t.deepEqual(
    [preview.validation.problems, preview.validation.findings.map(({ rule, allowed }) => [rule, allowed])],
    [[], [['bind-mount', false]]],
  )
  const findings = { allow: ['bind-mount:/srv:ro'] }
  const unconfirmed = await t.throwsAsync(apps.importApp({ project: name, ...findings }), { code: 'INVALID_INPUT' })
  t.true(unconfirmed.message.includes(directory))
  await t.throwsAsync(apps.importApp({ project: name, confirmFolder: directory }), { code: 'POLICY_VIOLATION' })
  await t.throwsAsync(apps.importApp({ project: `${name}x` }), { code: 'NOT_FOUND' })
  t.deepEqual(apps.list(), [])

  const begun = await apps.importApp({ project: name, confirmFolder: directory, ...findings }, 'anna')
  t.like(await outcome(begun), { kind: 'import', status: 'succeeded', error: null })
  const { id } = begun.app
  t.like(apps.get(id), { name, status: 'running', changedOnDisk: false, composeContent: content, version: 1 })
  t.deepEqual(
    apps.get(id).allowances.map(({ rule, detail, by }) => [rule, detail, by]),
    [['bind-mount', '/srv:ro', 'anna']],
  )
  t.deepEqual(await startsOf(name), before)
  t.like((await apps.versions.list(id, { most: 10 })).versions, [{ number: 1, author: 'anna', images: [{ service: 'web' }] }])
  t.deepEqual(
    (await apps.composeProjects()).filter((each) => [name, other.name].includes(each.name)).map((each) => each.name),
    [other.name],
  )
  await t.throwsAsync(apps.importApp({ project: name }), { code: 'CONFLICT' })

  // What follows touches only the project's containers.
  const changed = content.replace('./data:/data', './data:/elsewhere')
  const updated = await apps.update(id, { composeContent: changed })
  t.like(await outcome(updated), { status: 'succeeded', error: null })
  t.is(readFileSync(join(directory, 'docker-compose.yml'), 'utf8'), changed)
  t.is(statSync(join(directory, 'docker-compose.yml')).mode & 0o777, 0o640)
  t.is(readFileSync(join(directory, '.env.original'), 'utf8'), 'WORD=hello\n')
  await t.throwsAsync(apps.update(id, { files: [{ path: 'docker-compose.yml', content: 'x' }] }), { code: 'INVALID_INPUT' })
  t.true((await apps.removalOf(id)).items.some((item) => item.name === 'docker-compose.yml' && item.goes === 'never'))
  t.like(await outcome(await apps.removeApp(id, { files: true, volumes: true })), { status: 'succeeded' })
  t.deepEqual(await containersOf(name), [])
  t.is((await containersOf(other.name)).length, 1)
  t.is(readFileSync(join(directory, 'docker-compose.yml'), 'utf8'), changed)
  t.true(existsSync(join(directory, 'data')))
})

test('a project whose folder is gone is drafted from what runs, with secrets that no answer shows', async (t) => {
  t.timeout(240_000)
  const secret = 'k9-hidden $value'
  const { name, directory } = await uniqueProject(t)
  const extra =
    "    environment: { WORD: '${WORD}' }\n    network_mode: none\n    volumes: ['./data:/data', 'kept:/kept']\n    restart: always\n"
  writeFileSync(join(directory, 'docker-compose.yml'), `${web(extra)}volumes: { kept: {} }\n`)
  up(one, directory, name, { WORD: secret })
  const elsewhere = `${directory}-gone`
  execFileSync('mv', [directory, elsewhere])
  t.teardown(() => void execFileSync('rm', ['-rf', elsewhere]))
  const before = await startsOf(name)
  const { apps, outcome, appsDir, folder } = await nodeOf(t, withCompose(one))

  const preview = await apps.previewImport({ project: name })
  t.like(preview, { folder: null, mustConfirm: false, isDrafted: true, secrets: ['WORD'], variables: [] })
  t.true(preview.problem?.includes(directory))
  t.false(JSON.stringify(preview).includes('k9-hidden'))
  // A relative path would start in another folder from now on.
  const pasted = await t.throwsAsync(apps.importApp({ project: name, composeContent: web("    volumes: ['./data:/data']\n") }), {
    code: 'INVALID_INPUT',
  })
  t.regex(pasted.message, /web mounts .*\/data at \/data now/)
  const begun = await apps.importApp({ project: name, allow: ['bind-mount'] })
  t.like(await outcome(begun), { status: 'succeeded', error: null })
  const { id } = begun.app
  t.like(apps.get(id), { status: 'running', environment: [{ name: 'WORD', value: null, secret: true }] })
  t.deepEqual(await startsOf(name), before)
  t.false(JSON.stringify([apps.get(id), await apps.versions.shown(id, 1)]).includes('k9-hidden'))
  t.false(readFileSync(join(folder, 'data/selfhostly.db')).includes('k9-hidden'))
  t.false(readFileSync(join(appsDir, name, 'compose.yaml'), 'utf8').includes('k9-hidden'))
  t.like(await outcome(await apps.stopApp(id)), { status: 'succeeded' })
  t.like(await outcome(await apps.startApp(id)), { status: 'succeeded', error: null })
  const [container] = await containersOf(name)
  const { Config: config, Mounts: mounts } = await new Docker().getContainer(container?.Id ?? '').inspect()
  t.true(config.Env.includes(`WORD=${secret}`))
  t.deepEqual(mounts.map(({ Name, Source }) => Name ?? Source).toSorted(), [`${directory}/data`, `${name}_kept`].toSorted())
  t.like(await outcome(await apps.removeApp(id)), { status: 'succeeded' })
})
