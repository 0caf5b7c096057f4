import { mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import Docker from 'dockerode'
import { createComposeCli } from '../../api/docker/compose-cli.ts'
import { removeLeftLogins, withLogins } from '../../api/docker/private-docker-config.ts'
import { testEachVersion } from '../helpers/compose-versions.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { pushRunnable, registryLogin, startRegistry } from '../helpers/docker-registry.ts'
import { uniqueName } from '../helpers/docker.ts'
import { recordedLog } from '../helpers/recorded-log.ts'

const login = { registry: 'ghcr.io', username: 'someone', password: 'open sesame' }

test("logins are beside the user's own configuration for one run, for this user's eyes only", async (t) => {
  const own = dataFolder(t)
  await mkdir(join(own, 'cli-plugins'))
  const mine = { auths: { 'quay.io': { auth: 'bWU6b3du' } }, credsStore: 'desktop', HttpHeaders: { a: 'b' } }
  await writeFile(join(own, 'config.json'), JSON.stringify(mine))
  const hub = { ...login, registry: 'docker.io' }
  const folder = await withLogins({ DOCKER_CONFIG: own, HOME: '/nowhere' }, [login, hub], async (env) => {
    const made = env['DOCKER_CONFIG'] ?? ''
    t.is((await stat(made)).mode & 0o777, 0o700)
    t.is((await stat(join(made, 'config.json'))).mode & 0o777, 0o600)
    const auth = Buffer.from('someone:open sesame').toString('base64')
    t.deepEqual(JSON.parse(await readFile(join(made, 'config.json'), 'utf8')), {
      ...mine,
      auths: { ...mine.auths, 'ghcr.io': { auth }, 'https://index.docker.io/v1/': { auth } },
      credHelpers: { 'ghcr.io': '', 'https://index.docker.io/v1/': '' },
    })
    t.is(await readlink(join(made, 'cli-plugins')), join(own, 'cli-plugins'))
    return made
  })
  await t.throwsAsync(stat(folder), { code: 'ENOENT' })
  t.deepEqual(JSON.parse(await readFile(join(own, 'config.json'), 'utf8')), mine)
  const failed = withLogins({ DOCKER_CONFIG: own }, [login], () => Promise.reject(new Error('Compose failed')))
  await t.throwsAsync(failed, { message: 'Compose failed' })
  t.deepEqual(
    (await readdir(tmpdir())).filter((name) => name.startsWith(`selfhostly-docker-${process.pid}-`)),
    [],
  )
  t.is(await withLogins({ DOCKER_CONFIG: own }, [], async (env) => env['DOCKER_CONFIG']), own)
})

test('what a killed program left behind is removed, and what a running one uses is not', async (t) => {
  const left = await mkdtemp(join(tmpdir(), 'selfhostly-docker-4194303-'))
  const used = await mkdtemp(join(tmpdir(), `selfhostly-docker-${process.pid}-`))
  await removeLeftLogins()
  await t.throwsAsync(stat(left), { code: 'ENOENT' })
  t.true((await stat(used)).isDirectory())
  await rm(used, { recursive: true })
})

testEachVersion('Compose pulls with a login, and not without', async (t, { env }) => {
  const host = await startRegistry(t, { withLogin: true })
  const image = `${host}/private:${uniqueName()}`
  await pushRunnable(t, image)
  await new Docker().getImage(image).remove({ force: true })
  const directory = dataFolder(t)
  await writeFile(join(directory, 'compose.yaml'), `services:\n  web:\n    image: ${image}\n`)
  const compose = createComposeCli({ log: recordedLog().log, env })
  const project = { name: uniqueName(), directory }
  const lines: string[] = []
  const options = { onLine: (line: string) => void lines.push(line), signal: new AbortController().signal }
  await t.throwsAsync(compose.run(project, 'pull', options))
  await compose.run(project, 'pull', { ...options, logins: [{ registry: host, ...registryLogin }] })
  t.truthy((await new Docker().getImage(image).inspect()).Id)
  t.false(lines.join('\n').includes(registryLogin.password))
})
