import test from 'ava'
import { composeArguments, composeEnvironment } from '../../api/docker/compose-command.ts'
import { absentEngineCause, isDownloadBar, withoutPaths } from '../../api/docker/compose-error.ts'

const project = { name: 'shop', directory: '/srv/apps/shop' }
const common = ['--project-name', 'shop', '--project-directory', '/srv/apps/shop', '--file', 'compose.yaml']

test('arguments ask for plain output in the way each version supports', (t) => {
  const v1 = { file: 'docker-compose', prefix: [] } as const
  const v2 = { file: 'docker', prefix: ['compose'] } as const
  const args = (program: { file: 'docker' | 'docker-compose'; prefix: readonly string[] }, version: string) =>
    composeArguments({ ...program, prefix: [...program.prefix], version }, project, 'up')
  const up = ['up', '-d', '--remove-orphans']
  t.deepEqual(args(v1, '1.27.4'), [...common, '--no-ansi', ...up])
  t.deepEqual(args(v1, '1.29.2'), [...common, '--ansi', 'never', ...up])
  t.deepEqual(args(v2, '2.18.1'), ['compose', ...common, '--ansi', 'never', ...up])
  t.deepEqual(args(v2, '2.19.0'), ['compose', ...common, '--ansi', 'never', '--progress', 'plain', ...up])
  t.deepEqual(args(v1, '5.0.0-rc.1'), [...common, '--ansi', 'never', '--progress', 'plain', ...up])
})

test('the environment holds only what Compose needs', (t) => {
  const env = {
    PATH: '/bin',
    HOME: '/root',
    DOCKER_CERT_PATH: '/certs',
    DOCKER_HOST: 'tcp://other:2375',
    https_proxy: 'http://proxy:3128',
    JWT_SECRET: 's',
    CLOUDFLARE_API_TOKEN: 's',
    COMPOSE_FILE: 'other.yaml',
  }
  t.deepEqual(composeEnvironment(env, 'unix:///run/docker.sock'), {
    PATH: '/bin',
    HOME: '/root',
    DOCKER_CERT_PATH: '/certs',
    https_proxy: 'http://proxy:3128',
    DOCKER_HOST: 'unix:///run/docker.sock',
    PYTHONUNBUFFERED: '1',
    PYTHONUTF8: '1',
  })
})

test('removes paths and terminal codes', (t) => {
  t.is(
    withoutPaths('\u001b[31mvalidating /srv/apps/shop/compose.yaml: in /srv/apps/shop, /srv/apps/other.env\u001b[0m', {
      directory: '/srv/apps/shop',
    }),
    'validating ./compose.yaml: in ., ../other.env',
  )
})

test("recognizes a missing Engine in v2's words", (t) => {
  const code = (text: string): unknown => {
    const cause = absentEngineCause(text)
    return cause && 'code' in cause ? cause.code : cause && 'no code'
  }
  t.is(code('Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'), 'no code')
  t.is(
    code(
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: connect: permission denied',
    ),
    'EACCES',
  )
  t.is(code('failed to connect to the docker API at unix:///x.sock: dial unix /x.sock: connect: no such file or directory'), 'ENOENT')
  t.is(code('Error response from daemon: failed to create task: exec: "x": no such file or directory'), null)
})

test('recognizes download progress bars', (t) => {
  t.true(isDownloadBar(' 46e21c7cfe17 Downloading [=========>      ]  392.7kB/38.93MB'))
  t.false(isDownloadBar(' Container shop-web-1  Started'))
  t.false(isDownloadBar('volumes must be a list []'))
})
