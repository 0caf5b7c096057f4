import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import fc from 'fast-check'
import { testEachVersion } from '../helpers/compose-versions.ts'
import { ensureTestImage, testImage } from '../helpers/docker-image.ts'
import { hardValue } from '../helpers/hard-values.ts'
import { appName, nodeOf } from '../helpers/own-apps.ts'

const run = promisify(execFile)
const docker = new Docker()

const known = [
  '',
  ' ',
  ' x ',
  '"',
  "'",
  '$',
  '$$',
  '${V0}',
  '$V0',
  '#',
  'a #b',
  'a=b',
  '\\',
  '\\\\',
  '\n',
  'one\ntwo\n',
  '\r\n',
  'true',
  '0123',
  '~',
  '- a',
  '{{.x}}',
  '😀ö',
]

async function readIn(container: string, path: string): Promise<string> {
  const { stdout } = await run('docker', ['exec', container, 'cat', path], { encoding: 'buffer' })
  return stdout.toString('utf8')
}

/** What a process in the container has, by name. */
async function environmentIn(container: string): Promise<Map<string, string>> {
  const entries = (await readIn(container, '/proc/1/environ')).split('\0').filter(Boolean)
  return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]))
}

testEachVersion('every value and file reaches the container as it was entered, secret or not', async (t, { env }) => {
  await ensureTestImage()
  const node = await nodeOf(t, { env })
  const seed = Date.now() & 0x7fffffff
  const values = [...known, ...fc.sample(hardValue, { numRuns: 120, seed })]
  const environment = values.map((value, at) => ({ name: `V${at}`, value, secret: at % 2 === 1 }))
  const lines = environment.map(({ name }, at) => (at % 3 === 0 ? `      - ${name}\n` : `      - "${name}=\${${name}}"\n`)).join('')
  const content = values.join('\n')
  const files = [
    { path: 'hard.txt', content },
    { path: 'hidden.txt', content, secret: true },
  ]
  const name = appName(t)
  const composeContent = `services:\n  web:\n    image: ${testImage}\n    command: ["sleep", "600"]\n    network_mode: none\n    init: false\n    stop_signal: KILL\n    volumes: ["./hard.txt:/hard.txt:ro", "./hidden.txt:/hidden.txt:ro"]\n    environment:\n${lines}`
  const { error } = await node.outcome(await node.apps.create({ name, composeContent, environment, files }))
  t.is(error, null, `seed ${seed}`)
  const [found] = await docker.listContainers({ filters: { label: [`com.docker.compose.project=${name}`] } })
  const inside = await environmentIn(found?.Id ?? '')
  for (const variable of environment)
    t.is(inside.get(variable.name), variable.value, `${variable.name} ${JSON.stringify(variable.value)}, seed ${seed}`)
  for (const { path } of files) t.is(await readIn(found?.Id ?? '', `/${path}`), content, `${path}, seed ${seed}`)
  t.regex(readFileSync(join(node.appsDir, name, '.env'), 'utf8'), /^# Not here, because they are secret: V1, V3, /m)
})

testEachVersion('a service that reads .env as an env_file gets the plain variables from the start', async (t, { env }) => {
  await ensureTestImage()
  const node = await nodeOf(t, { env })
  const name = appName(t)
  const composeContent = `services:\n  web:\n    image: ${testImage}\n    network_mode: none\n    env_file: [.env]\n    environment: [KEY]\n`
  const environment = [
    { name: 'PLAIN', value: 'a "b" $c #d', secret: false },
    { name: 'KEY', value: 'hidden', secret: true },
  ]
  const created = await node.apps.create({ name, composeContent, environment })
  t.is((await node.outcome(created)).error, null)
  const inside = async (): Promise<(string | undefined)[]> => {
    const [found] = await docker.listContainers({ filters: { label: [`com.docker.compose.project=${name}`] } })
    const { Config } = await docker.getContainer(found?.Id ?? '').inspect()
    return ['PLAIN', 'KEY'].map((wanted) => Config.Env.find((each) => each.startsWith(`${wanted}=`)))
  }
  t.deepEqual(await inside(), ['PLAIN=a "b" $c #d', 'KEY=hidden'])
  // A secret without a value keeps the stored one, and a change of the environment alone makes the container again.
  const change = [{ name: 'PLAIN', value: 'other' }, { name: 'KEY', secret: true }] // prettier-ignore
  t.is((await node.outcome(await node.apps.update(created.app.id, { environment: change }))).error, null)
  t.deepEqual(await inside(), ['PLAIN=other', 'KEY=hidden'])
  t.is(node.apps.get(created.app.id).version, 2)
})
