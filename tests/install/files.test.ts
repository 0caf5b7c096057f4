import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { checkout } from '../helpers/documented.ts'
import { run } from '../helpers/installing.ts'

const read = (name: string): string => readFileSync(join(checkout, 'docker', name), 'utf8')

test('the scripts have no mistakes that shellcheck knows, and run in a plain POSIX shell', async (t) => {
  const { code, output } = await run('shellcheck', [
    '--shell=sh',
    ...['install.sh', 'selfhostly'].map((name) => join(checkout, 'docker', name)),
  ])
  t.is(code, 0, output)
})

/** A Compose file as it is when no variable is set. */
const serviceOf = (text: string) => {
  const { services } = parse(text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')) as { services: Record<string, Record<string, unknown>> }
  const { environment, env_file: _, ...service } = services['selfhostly'] ?? {}
  return { service, environment: environment as Record<string, string> }
}

test('the Compose files of both roles and of the install script run the same container', (t) => {
  const written = /cat >"\$dir\/compose\.yaml" <<END\n([^]*?)\nEND\n/.exec(read('install.sh'))?.[1] ?? ''
  const values = { image: 'selfhostly:local', service: 'selfhostly', dir: '/srv/selfhostly', socket: '/var/run/docker.sock' }
  const script = serviceOf(written.replaceAll(/\$(image|service|dir|socket)\b/g, (_, name: keyof typeof values) => values[name]))
  const [primary, secondary] = [serviceOf(read('compose.primary.yml')), serviceOf(read('compose.secondary.yml'))]
  t.deepEqual(primary.service, script.service)
  t.deepEqual(secondary.service, script.service)
  for (const { environment } of [primary, secondary])
    t.like(environment, { APPS_DIR: '/srv/selfhostly/apps', SELFHOSTLY_IMAGE: 'selfhostly:local' })
  t.is(secondary.environment['NODE_IS_PRIMARY'], 'false')
  t.false('NODE_IS_PRIMARY' in primary.environment, 'a node that keeps its role needs no setting for it')
})
