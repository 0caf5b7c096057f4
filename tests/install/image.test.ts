import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import Docker from 'dockerode'
import { eventually } from '../helpers/cluster.ts'
import { startRegistry } from '../helpers/docker-registry.ts'
import { engineSocket } from '../helpers/docker.ts'
import { checkout } from '../helpers/documented.ts'
import { imageBases } from '../helpers/image-bases.ts'
import { installServer, run, type Ran, type Server } from '../helpers/installing.ts'

/** A hundred more than today, so that a base with more in it also fits. */
const mostBytes = 250_000_000

interface Context {
  registry: string
  images: [first: string, next: string]
  main: Server
  worker: Server
  unit: Server
}
const test = anyTest as TestFn<Context>
/** What the tests hand on to the next. */
const made = { token: '', commands: { docker: '', systemd: '' } }
const unique = `shtest-${randomBytes(4).toString('hex')}`
/** AVA has no teardown for a file but this. */
const endings: (() => unknown)[] = []
const whole = { teardown: (end: () => unknown) => void endings.unshift(end) }

test.before('two versions are built and published by the documented command', async (t) => {
  t.timeout(240_000)
  const [registry, bases] = await Promise.all([startRegistry(whole), imageBases(whole, unique)])
  const args = Object.entries(bases).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
  const images: Context['images'] = [`${registry}/selfhostly:1`, `${registry}/selfhostly:2`]
  for (const image of images) {
    const { code, output } = await run(process.execPath, [join(checkout, 'scripts/image.mjs'), image, '--push', ...args])
    t.is(code, 0, output)
    whole.teardown(() =>
      new Docker()
        .getImage(image)
        .remove({ force: true })
        .catch(() => undefined),
    )
    // So that installing pulls it.
    await new Docker().getImage(image).remove({ force: true })
  }
  const [main, worker, unit] = await Promise.all(['main', 'worker', 'unit'].map((name) => installServer(whole, `${unique}-${name}`)))
  if (!main || !worker || !unit) throw new Error('no servers')
  t.context = { registry, images, main, worker, unit }
})

test.after.always(async () => {
  for (const end of endings) await end()
})

const scriptOf = (image: string): string => `docker run --rm ${image} selfhostly install-script`
const container = (name: string) => new Docker().getContainer(name)
const done = (t: ExecutionContext<Context>, { code, output }: Ran, ...says: RegExp[]): string => {
  t.is(code, 0, output)
  for (const words of says) t.regex(output, words)
  return output
}
const refused = (t: ExecutionContext<Context>, { code, output }: Ran, ...says: RegExp[]): void => {
  t.is(code, 1, output)
  for (const words of says) t.regex(output, words)
}

async function asked<T>({ main }: Context, path: string, query?: string): Promise<T> {
  const headers = { authorization: `Bearer ${made.token}`, 'content-type': 'application/json' }
  const answer = await fetch(`${main.url}${path}`, { headers, ...(query && { method: 'POST', body: JSON.stringify({ query }) }) })
  return (await answer.json()) as T
}
const statusOf = async (context: Context, name: string) =>
  (await asked<{ name: string; status: string }[]>(context, '/api/nodes')).find((node) => node.name === name)?.status

test.serial('what is downloaded is under 250 MB, and has neither sources nor what only the build needs', async (t) => {
  const { registry, images } = t.context
  const accept = 'application/vnd.docker.distribution.manifest.v2+json'
  const answer = await fetch(`http://${registry}/v2/selfhostly/manifests/1`, { headers: { accept } })
  const { layers } = (await answer.json()) as { layers: { size: number }[] }
  const bytes = layers.reduce((sum, { size }) => sum + size, 0)
  t.log(`${Math.round(bytes / 1e6)} MB, of which ${layers.map(({ size }) => (size / 1e6).toFixed(1)).join(', ')}`)
  t.true(layers.length > 3 && bytes < mostBytes, `${bytes} bytes`)

  const list = `console.log(fs.readdirSync('/selfhostly', { recursive: true }).join('\\n'))`
  const { output } = await run('docker', ['run', '--rm', images[0], 'node', '-e', list])
  const files = output.split('\n')
  t.true(files.includes('dist/main.js') && files.includes('frontend/dist/index.html') && files.includes('dist/commands/link-command.js'))
  const unwanted =
    /(^|\/)(typescript|vite|vue|rolldown|ava|mikro-orm|@mikro-orm|graphql|hono)\/|(?<!\.d)\.[cm]?ts$|\.vue$|(^|\/)frontend\/src|\.map$/
  t.deepEqual(
    files.filter((file) => unwanted.test(file)),
    [],
  )
})

test.serial('a primary: pulled, started, and not as root where the group of the socket allows', async (t) => {
  t.timeout(180_000)
  const { images, main } = t.context
  const output = done(t, await main.run(`${scriptOf(images[0])} | sh -s -- ${main.options}`), /To sign in, open one of these/)
  t.regex(output, new RegExp(`open http://\\S+:${main.port}/#code=\\S+`))
  t.deepEqual(await (await fetch(`${main.url}/api/health`)).json(), { status: 'healthy', service: 'selfhostly' })

  const { Config: config } = await container(main.service).inspect()
  t.is(config.Image, images[0])
  t.deepEqual(config.Cmd, ['node', '/selfhostly/selfhostly.mjs', 'server'])
  t.regex(JSON.stringify(config.Healthcheck), /selfhostly\.mjs","health"/)
  done(t, await run('docker', ['exec', main.service, 'node', '/selfhostly/selfhostly.mjs', 'health']))
  t.is(statSync(join(main.dir, 'data')).mode & 0o777, 0o700)
  const expected = process.getuid?.() !== 0 ? process.getuid?.() : statSync(engineSocket()).gid === 0 ? 0 : 1000
  const { Processes: processes } = (await container(main.service).top({ ps_args: '-o pid,uid,args' })) as { Processes: string[][] }
  const servers = processes.filter(([, , words = '']) => words.startsWith('node '))
  t.deepEqual(
    servers.map(([, uid]) => Number(uid)),
    [expected],
  )
})

const isRoot = process.getuid?.() === 0

test.serial("the user is the one that owns the data, and root where it has root's content or is told to be", async (t) => {
  const [image] = t.context.images
  const root = mkdtempSync(join(tmpdir(), `${unique}-owners-`))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const socketGid = statSync(engineSocket()).gid
  /** Who has the file that the first command in this folder makes. */
  async function userIn(name: string, owner: number, options: string[] = [], content?: string): Promise<number> {
    const data = join(root, name)
    mkdirSync(data)
    if (content) writeFileSync(join(data, content), '')
    if (isRoot) chownSync(data, owner, owner)
    const mounts = ['-v', `${engineSocket()}:/var/run/docker.sock`, '-v', `${data}:/data`]
    const { code, output } = await run('docker', ['run', '--rm', ...mounts, ...options, image, 'selfhostly', 'identity'])
    t.is(code, 0, output)
    return statSync(join(data, 'identity.json')).uid
  }
  const unless = (user: number) => (socketGid === 0 ? 0 : isRoot ? user : (process.getuid?.() ?? user))
  t.is(await userIn('theirs', 4321), unless(4321))
  t.is(await userIn('new', 0), unless(1000))
  t.is(await userIn('told', 4321, ['-e', 'RUN_AS_ROOT=true']), 0)
  t.is(await userIn('low', 4321, ['-e', 'SERVER_ADDRESS=:80']), 0)
  if (isRoot) t.is(await userIn('old', 0, [], 'selfhostly.db'), 0)
})

test.serial('its commands work: link, token, doctor, backup, identity, and help', async (t) => {
  t.timeout(120_000)
  const { main } = t.context
  const command = (words: string) => main.run(`${main.service} ${words}`)
  done(t, await command('link'), /^open http:\/\/localhost:\d+\/#code=\S+/m)
  made.token = done(t, await command('token --name test --scope admin'), /^shly_\S+$/m).trim()
  t.is((await asked<{ name: string }[]>(t.context, '/api/nodes'))[0]?.name, main.service)
  done(t, await command('doctor'), /Docker: The Engine answers/, /Compose: docker compose 2/, /It answers at port/, /No problems found/)
  done(t, await command('backup'), /Backup made: \/data\/backups\/.*\.tar\.gz/)
  done(t, await command('identity'), /role: primary/)
  done(t, await command('help'), /reset-role +forgets/)
  refused(t, await command('token'), new RegExp(`Use: ${main.service} token --name NAME`))
})

test.serial('upgraded in place: another image, the same node, the same settings', async (t) => {
  t.timeout(120_000)
  const { images, main } = t.context
  const before = [await main.run(`${main.service} identity`), readFileSync(join(main.dir, '.env'), 'utf8')]
  done(
    t,
    await main.run(`${scriptOf(images[1])} | sh -s -- --dir ${main.dir} --service ${main.service}`),
    /Selfhostly runs as before, from \S+:2\./,
  )
  t.is((await container(main.service).inspect()).Config.Image, images[1])
  t.deepEqual([await main.run(`${main.service} identity`), readFileSync(join(main.dir, '.env'), 'utf8')], before)
  t.is(await statusOf(t.context, main.service), 'online', 'the token is still valid')
})

test.serial('a secondary joins by the line from the dashboard, which changes nothing the second time', async (t) => {
  t.timeout(180_000)
  const { images, main, worker } = t.context
  const query = `mutation { createJoinToken(input: { name: "rack", maxUses: 2, primaryUrl: "${main.url}" }) { commands { docker systemd } } }`
  const { data } = await asked<{ data: { createJoinToken: { commands: typeof made.commands } } }>(t.context, '/graphql', query)
  const commands = (made.commands = data.createJoinToken.commands)
  t.true(commands.docker.includes(` --image ${images[1]} `), 'the image that the primary was installed from')

  const badly = commands.docker.replace(/--join-token \S+/, '$&x')
  done(t, await worker.run(`${badly} ${worker.options}`), /has not joined yet: The join token is unknown/)
  done(t, await worker.run(`${commands.docker} ${worker.options}`), /its primary knows it/)
  t.is(await statusOf(t.context, worker.service), 'online')
  const [{ Id: id, State: state }, settings] = [await container(worker.service).inspect(), readFileSync(join(worker.dir, '.env'), 'utf8')]

  done(
    t,
    await worker.run(`${commands.docker} ${worker.options}`),
    /already joined http:\/\/127\.0\.0\.1:\d+\. Its role, primary and settings stay/,
  )
  const again = await container(worker.service).inspect()
  t.deepEqual([again.Id, again.State.StartedAt, readFileSync(join(worker.dir, '.env'), 'utf8')], [id, state.StartedAt, settings])

  refused(
    t,
    await main.run(`${commands.docker} --dir ${main.dir} --service ${main.service}`),
    /is a primary.*Nothing was changed/,
    /reset-role/,
  )
  t.is(await statusOf(t.context, main.service), 'online')
})

test.serial('--systemd: a unit that systemd accepts, and that starts the server itself', async (t) => {
  t.timeout(120_000)
  const { unit } = t.context
  const user = (await run('id', ['-un'])).output.trim()
  done(t, await unit.run(`${made.commands.systemd} ${unit.options} --no-start --user ${user}`), /Nothing was started/)
  const verified = await run('systemd-analyze', ['verify', unit.unit])
  t.deepEqual(verified, { code: 0, output: '' })

  const lines = readFileSync(unit.unit, 'utf8')
    .split('\n')
    .map((line) => line.split(/=(.*)/s, 2))
  const valuesOf = (name: string) => lines.filter(([key]) => key === name).map(([, value = '']) => value)
  const [program = '', ...args] = valuesOf('ExecStart').join().split(' ')
  t.is(program, join(unit.dir, 'program/node'))
  const env = Object.fromEntries(valuesOf('Environment').map((each) => each.split(/=(.*)/s, 2) as [string, string]))
  const server = spawn(program, args, {
    cwd: valuesOf('WorkingDirectory')[0],
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => server.once('close', resolve))
  t.teardown(() => server.kill('SIGKILL'))
  await eventually(
    () => statusOf(t.context, unit.service),
    (status) => status === 'online',
  )
  done(t, await unit.run(`${unit.service} identity`), /role: secondary/)
  server.kill('SIGTERM')
  await ended
})

test.serial('a backup is restored where the program is installed but has not run', async (t) => {
  t.timeout(120_000)
  const { images, main } = t.context
  const made = done(t, await main.run(`${main.service} backup`)).match(/Backup made: \/data\/(\S+)/)?.[1] ?? ''
  const server = await installServer(t, `${unique}-restored`)
  done(t, await server.run(`${scriptOf(images[1])} | sh -s -- ${server.options} --no-start`))
  done(t, await server.run(`${server.service} restore ${join(main.dir, 'data', made)}`), /Restored into/)
  const idIn = (dir: string): unknown => (JSON.parse(readFileSync(join(dir, 'data/identity.json'), 'utf8')) as { id: string }).id
  t.is(idIn(server.dir), idIn(main.dir))
})

test.serial('removed: what the script made goes, settings and data stay, unless told otherwise', async (t) => {
  t.timeout(120_000)
  const { images, main, unit } = t.context
  const script = `${scriptOf(images[1])} | sh -s --`
  const remove = (server: Server, more = '') => server.run(`${script} --uninstall --dir ${server.dir} --service ${server.service} ${more}`)
  done(t, await remove(main), /still in .*installing it again uses them/)
  await t.throwsAsync(container(main.service).inspect(), { message: /no such container/i })
  t.false(existsSync(join(main.dir, 'compose.yaml')))
  t.true(['.env', 'apps', 'data/identity.json', 'data/selfhostly.db'].every((path) => existsSync(join(main.dir, path))))
  t.is((await main.run(`command -v ${main.service}`)).output, '')

  done(t, await remove(unit, '--no-start --delete-data'), /are gone/)
  t.false(['.env', 'data', 'program'].some((path) => existsSync(join(unit.dir, path))) || existsSync(unit.unit))
})

test.serial('what is missing is said before anything is written', async (t) => {
  t.timeout(120_000)
  const { images, registry } = t.context
  const server = await installServer(t, `${unique}-none`)
  const script = join(checkout, 'docker/install.sh')
  const install = (words: string, env = {}) => server.run(`sh ${script} ${server.options} ${words}`, env)
  refused(t, await install(''), /Which image\?.*--image NAME:TAG/)
  refused(t, await install(`--image ${registry}/selfhostly:none`), /cannot be pulled/, /Check the name/)
  refused(
    t,
    await install(`--image ${images[1]} --port ${new URL(`http://${registry}`).port}`),
    /Another program uses port/,
    /Nothing was changed/,
  )
  refused(
    t,
    await install(`--image ${images[1]} --primary http://127.0.0.1:${server.port} --join-token x`),
    /Primary: .*nothing listens there/,
  )
  refused(
    t,
    await install('--image x', { DOCKER_HOST: `unix://${server.dir}/none.sock` }),
    /Docker does not answer/,
    /systemctl start docker/,
  )
  refused(t, await install('--join-token x'), /needs --primary/)
  refused(t, await install('--delete-data'), /only for --uninstall/)
  refused(t, await install('--force'), /There is no option --force/)
  t.false(existsSync(server.dir))
})
