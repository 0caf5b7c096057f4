import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import Docker from 'dockerode'
import { pino } from 'pino'
import { systemClock } from '../../api/clock.ts'
import { ComposeError, createComposeCli } from '../../api/docker/compose-cli.ts'
import { createEngine } from '../../api/docker/engine.ts'
import type { EngineContainer } from '../../api/docker/engine.types.ts'
import { AppError } from '../../api/errors.ts'
import { testEachVersion } from '../helpers/compose-versions.ts'
import { createContainer, ensureTestImage, testImage, uniqueProject } from '../helpers/docker.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { until } from '../helpers/until.ts'
import { pageOf } from '../helpers/page.ts'

const docker = new Docker()
const log = pino({ level: 'silent' })
const engine = createEngine({ log, clock: systemClock })

const ofProject = async (name: string): Promise<EngineContainer[]> => (await engine.containers()).filter(({ project }) => project === name)

function recorder() {
  const lines: string[] = []
  return { lines, onLine: (line: string) => void lines.push(line), signal: AbortSignal.timeout(60_000) }
}

testEachVersion('version names the program and its version', async (t, { env, version, major }) => {
  const compose = createComposeCli({ log, env })
  t.is(await compose.version(), `${major === 1 ? 'docker-compose' : 'docker compose'} ${version}`)
})

testEachVersion('up creates containers, prints its lines, and starts stopped containers again', async (t, { env }) => {
  const compose = createComposeCli({ log, env })
  await ensureTestImage()
  const project = await uniqueProject(t)
  await project.writeCompose(`services:\n  web:\n    image: ${testImage}\n    ports: ['127.0.0.1::80']\n`)
  t.deepEqual(await compose.config(project), { problems: [], warnings: [] })

  const up = recorder()
  await compose.run(project, 'up', up)
  t.true(
    up.lines.some((line) => line.includes(`${project.name}`) && /Start|Creat/.test(line)),
    up.lines.join('\n'),
  )
  t.false(/[\u001b\r]/.test(up.lines.join('\n')))
  const [container] = await ofProject(project.name)
  t.like(container, { service: 'web', state: 'running', workingDir: project.directory, image: testImage })
  t.regex(await pageOf(container?.ports[0]?.hostPort), /Welcome to nginx-like web/)

  await docker.getContainer(container?.id ?? '').stop()
  t.like(await ofProject(project.name), [{ id: container?.id, state: 'exited', exitCode: 0 }])
  await compose.run(project, 'up', recorder())
  t.like(await ofProject(project.name), [{ id: container?.id, state: 'running' }])
})

testEachVersion('up removes containers of services that are no longer in the file', async (t, { env }) => {
  const compose = createComposeCli({ log, env })
  await ensureTestImage()
  const project = await uniqueProject(t)
  await project.writeCompose(`services:\n  old:\n    image: ${testImage}\n`)
  await compose.run(project, 'up', recorder())
  await project.writeCompose(`services:\n  new:\n    image: ${testImage}\n`)
  await compose.run(project, 'up', recorder())
  t.deepEqual(
    (await ofProject(project.name)).map(({ service }) => service),
    ['new'],
  )
})

testEachVersion('config refuses what Compose refuses, with words and a line but without the folder', async (t, { env }) => {
  const compose = createComposeCli({ log, env })
  const project = await uniqueProject(t)
  const refusal = async (content: string): Promise<string> => {
    await project.writeCompose(content)
    const message = (await compose.config(project)).problems.map((problem) => `line ${problem.line}: ${problem.message}`).join('\n')
    t.false(message.includes(project.directory) || message.includes('Traceback') || message.includes(tmpdir()), message)
    return message
  }
  // Version 2 reports wrong lines for broken YAML. Nobody sees them, because this program parses the file first.
  t.regex(await refusal('services:\n  web:\n    image: a\n   bad: 1\n'), /line \d/)
  t.regex(await refusal('services:\n  web:\n    image: a\n\tb: 1\n'), /line \d/)
  t.regex(await refusal('services:\n  web:\n    imag: a\n'), /imag/)
  t.regex(await refusal('services:\n  web:\n    image: "${NOT_THERE:?say where}"\n'), /say where/)
  t.regex(await refusal('services:\n  web:\n    image: a\n    env_file: [here.env]\n'), /\.\/here\.env/)
  t.regex(await refusal('services:\n  web:\n    image: a\n    env_file: [../above.env]\n'), /\.\.\/above\.env/)
  t.true((await refusal('')).length > 0)
})

testEachVersion("a Compose file cannot read this program's secrets", async (t, version) => {
  const project = await uniqueProject(t)
  const { JWT_SECRET: _, ...env } = version.env
  const cli = createComposeCli({ log, env: { ...env, JWT_SECRET: 'do-not-show', NODE_API_KEY: 'nor-this' } })
  for (const name of ['JWT_SECRET', 'NODE_API_KEY']) {
    await project.writeCompose(`services:\n  web:\n    image: "\${${name}:?is not there}"\n`)
    t.regex((await cli.config(project)).problems[0]?.message ?? '', /is not there/)
  }
  await project.writeCompose('services:\n  web:\n    image: "${HOME:?is not there}"\n')
  t.deepEqual((await cli.config(project)).problems, [])
})

testEachVersion("a failed command reports Compose's reason and not its progress", async (t, { env }) => {
  const compose = createComposeCli({ log, env })
  await ensureTestImage()
  const holder = await createContainer(t, { HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] } } })
  await holder.start()
  const port = (await holder.inspect()).NetworkSettings.Ports['80/tcp']?.[0]?.HostPort
  const project = await uniqueProject(t)
  await project.writeCompose(`services:\n  web:\n    image: ${testImage}\n    ports: ['127.0.0.1:${port}:80']\n`)
  const taken = await t.throwsAsync(compose.run(project, 'up', recorder()), {
    instanceOf: ComposeError,
    message: /^Could not start service "web": port 127\.0\.0\.1:\d+ is already in use by another container$/,
  })
  t.true(taken instanceof ComposeError && taken.exitCode !== 0 && taken.exitCode !== null)

  // No registry answers at this address, and nothing leaves this machine.
  await project.writeCompose('services:\n  web:\n    image: 127.0.0.1:1/none/none:1\n')
  for (const command of ['up', 'pull'] as const) {
    await t.throwsAsync(compose.run(project, command, recorder()), {
      instanceOf: ComposeError,
      message:
        /^Could not pull image 127\.0\.0\.1:1\/none\/none:1 for service "web": the registry at 127\.0\.0\.1:1 does not answer \(connection refused\)$/,
    })
  }
})

testEachVersion('a missing Engine gives DOCKER_UNAVAILABLE and names the socket', async (t, { env }) => {
  const project = await uniqueProject(t)
  await project.writeCompose(`services:\n  web:\n    image: ${testImage}\n`)
  const cli = createComposeCli({ log, env, dockerHost: 'unix:///nowhere/docker.sock' })
  t.deepEqual((await cli.config(project)).problems, [], 'checking a file does not need an Engine')
  await t.throwsAsync(cli.run(project, 'up', recorder()), {
    instanceOf: AppError,
    code: 'DOCKER_UNAVAILABLE',
    message: /\/nowhere\/docker\.sock: the socket does not exist/,
  })
  const refusing = createComposeCli({ log, env, dockerHost: 'tcp://127.0.0.1:1' })
  await t.throwsAsync(refusing.run(project, 'up', recorder()), { code: 'DOCKER_UNAVAILABLE', message: /nothing is listening there/ })
})

test('abort ends the command and everything it started', async (t) => {
  const project = await uniqueProject(t)
  const folder = await fakePrograms(t, { 'docker-compose': fakeCompose('trap "" TERM; sleep 600 & echo "child $!"; wait') })
  const cli = createComposeCli({ log, env: { PATH: `${folder}:/usr/bin:/bin` } })
  const aborting = new AbortController()
  const pids: number[] = []
  const onLine = (line: string): void => {
    pids.push(Number(line.split(' ')[1]))
    aborting.abort(new Error('the user cancelled'))
  }
  const startedAt = performance.now()
  await t.throwsAsync(cli.run(project, 'up', { onLine, signal: aborting.signal }), { message: 'the user cancelled' })
  t.is(pids.length, 1)
  await until(() => !isRunning(pids[0] ?? 0))
  const ms = performance.now() - startedAt
  t.true(ms > 2_900 && ms < 10_000, `the child ignores TERM, so KILL follows after 3 s: ${ms}`)
  await t.throwsAsync(cli.run(project, 'up', { onLine, signal: aborting.signal }), { message: 'the user cancelled' })
  t.is(pids.length, 1, 'a command aborted before it starts does not start')
})

testEachVersion('abort ends a real command long before it would finish', async (t, { env }) => {
  const compose = createComposeCli({ log, env })
  await ensureTestImage()
  const project = await uniqueProject(t)
  // Process 1 ignores TERM, so replacing its container takes the whole grace period.
  const file = `services:\n  web:\n    image: ${testImage}\n    command: sleep 600\n    stop_grace_period: 60s\n`
  await project.writeCompose(file)
  await compose.run(project, 'up', recorder())
  await project.writeCompose(`${file}    labels: { made: again }\n`)
  const aborting = new AbortController()
  const startedAt = performance.now()
  const replacing = compose.run(project, 'up', { onLine: () => aborting.abort(), signal: aborting.signal })
  await t.throwsAsync(replacing, { name: 'AbortError' })
  t.true(performance.now() - startedAt < 15_000)
})

test('searches for Compose until it is installed, prefers v2 to v1, and searches again when a candidate file changes', async (t) => {
  const folder = await fakePrograms(t, {})
  const home = await fakePrograms(t, {})
  const asked = join(home, 'asked')
  const { log: recorded, lines } = recordedLog()
  const cli = createComposeCli({ log: recorded, env: { PATH: folder, HOME: home } })
  const project = await uniqueProject(t)
  for (const call of [cli.version(), cli.config(project)]) {
    await t.throwsAsync(call, { instanceOf: AppError, code: 'DOCKER_UNAVAILABLE', message: /Docker Compose is not installed/ })
  }
  t.is(cli.knownVersion(), null)
  await writePrograms(folder, { 'docker-compose': `#!/bin/sh\necho x >>${asked}\necho 1.29.2\n` })
  for (let time = 0; time < 3; time++) t.is(await cli.version(), 'docker-compose 1.29.2')
  t.is(cli.knownVersion(), 'docker-compose 1.29.2')
  t.is(readFileSync(asked, 'utf8'), 'x\n', 'its version is read once while nothing changes')

  // An upgrade on the machine: knownVersion notices it too.
  await writePrograms(folder, { docker: '#!/bin/sh\n[ "$1" = compose ] && echo v2.24.1\n' })
  cli.knownVersion()
  await until(() => cli.knownVersion() === 'docker compose 2.24.1')
  t.is(await cli.version(), 'docker compose 2.24.1')

  await writePrograms(folder, { docker: '#!/bin/sh\necho "docker: unknown command: docker compose" >&2; exit 1\n' })
  t.is(await cli.version(), 'docker-compose 1.29.2')
  await rm(join(folder, 'docker-compose'))
  await t.throwsAsync(cli.version(), { code: 'DOCKER_UNAVAILABLE' })
  await until(() => cli.knownVersion() === null)
  t.deepEqual(
    lines.filter(({ level }) => level > 20).map(({ msg, compose }) => [msg, compose]),
    [
      ['Docker Compose found', 'docker-compose 1.29.2'],
      ['Docker Compose found', 'docker compose 2.24.1'],
      ['Docker Compose found', 'docker-compose 1.29.2'],
      ['Docker Compose is no longer installed', undefined],
    ],
  )
})

test('a folder of PATH that cannot be looked into is no error of its own', async (t) => {
  const folder = await fakePrograms(t, {})
  const loop = join(folder, 'loop')
  await symlink(loop, loop)
  const cli = createComposeCli({ log, env: { PATH: loop, HOME: folder } })
  t.is(cli.knownVersion(), null)
  await t.throwsAsync(cli.version(), { code: 'DOCKER_UNAVAILABLE' })
})

/** A zombie has ended; only its parent has not read its exit code yet. */
function isRunning(pid: number): boolean {
  const stat = `/proc/${pid}/stat`
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'))
}

/** Stand-ins for programs that a machine may or may not have. The folder is removed after the test. */
async function fakePrograms(t: Parameters<typeof uniqueProject>[0], programs: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shtest-bin-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writePrograms(folder, programs)
  return folder
}

async function writePrograms(folder: string, programs: Record<string, string>): Promise<void> {
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(folder, name), script)
    await chmod(join(folder, name), 0o755)
  }
}

const fakeCompose = (body: string): string => `#!/bin/sh\nif [ "$1" = version ]; then echo 1.29.2; exit; fi\n${body}\n`
