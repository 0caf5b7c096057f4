import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { isClosedFile } from '../../../api/apps/compose/policy/closed-file.ts'
import { createKeptModels } from '../../../api/apps/compose/policy/kept-models.ts'
import type { ComposeProject, ResolvedProject } from '../../../api/docker/engine.types.ts'
import { dataFolder } from '../../helpers/data-folder.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'

const closed = 'services:\n  web: { image: nginx, volumes: [./data:/data] }\n'
const never = new AbortController().signal

/** An app's folder, a folder that stands in for it, and a Compose that counts how often it is asked. */
function shop(t: ExecutionContext<unknown>) {
  const apps = dataFolder(t)
  const own = join(apps, 'shop')
  const draft = join(apps, '.draft-1')
  for (const [folder, content] of [[own, closed] as const, [draft, closed] as const]) {
    mkdirSync(folder)
    writeFileSync(join(folder, 'compose.yaml'), content)
  }
  const world = { version: 'docker compose 2.26.1', variables: { TAG: '1' } as Record<string, string>, problems: false, onRead: () => {} }
  let asked = 0
  const clock = createManualClock()
  const models = createKeptModels({
    clock,
    directoryOf: (name) => join(apps, name),
    compose: {
      version: async () => world.version,
      variables: () => world.variables,
      async resolve({ directory }): Promise<ResolvedProject> {
        asked += 1
        world.onRead()
        const problems = world.problems ? [{ message: 'no', file: null, line: null, column: null, path: [], value: null }] : []
        return { problems, warnings: [], model: { source: `${directory}/data`, other: `${directory}2`, folder: directory, asked } }
      },
    },
  })
  /** How often Compose was asked for it. */
  const looking = async (project: Partial<ComposeProject> = {}): Promise<number> => {
    const before = asked
    await models.resolve({ name: 'shop', directory: own, ...project }, never)
    return asked - before
  }
  return {
    apps,
    own,
    draft,
    world,
    models,
    looking,
    clock,
    write: (text: string, folder = own) => writeFileSync(join(folder, 'compose.yaml'), text),
  }
}

test('what Compose made of a draft is what runs, with the paths of the app itself', async (t) => {
  const { own, draft, models, looking } = shop(t)
  t.is(await looking({ directory: draft }), 1)
  t.is(await looking({ directory: draft }), 1, 'a draft is always resolved')
  const { model } = await models.resolve({ name: 'shop', directory: own }, never)
  t.deepEqual(model, { source: `${own}/data`, other: `${draft}2`, folder: own, asked: 2 })
  Object.assign(model as object, { source: '/etc' })
  t.like(await models.resolve({ name: 'shop', directory: own }, never), { model: { source: `${own}/data` } }, 'nobody changes what is kept')
})

const changes: Record<string, (the: ReturnType<typeof shop>) => Partial<ComposeProject> | void> = {
  'the file on disk': ({ write }) => write(closed.replace('./data', '/etc')),
  'a link in its place': ({ own, apps }) => {
    writeFileSync(join(apps, 'other.yaml'), closed.replace('./data', '/etc'))
    rmSync(join(own, 'compose.yaml'))
    symlinkSync('../other.yaml', join(own, 'compose.yaml'))
  },
  'a variable': ({ world }) => void (world.variables = { TAG: '2' }),
  'one more variable': ({ world }) => void (world.variables = { TAG: '1', MORE: '' }),
  'the version of Compose': ({ world }) => void (world.version = 'docker compose 2.27.0'),
  'pinned images beside it': ({ own }) => {
    writeFileSync(join(own, 'compose.selfhostly.yaml'), 'services: { web: { image: other } }')
    return { overlay: 'compose.selfhostly.yaml' }
  },
  'another project': ({ apps }) => {
    mkdirSync(join(apps, 'other'))
    writeFileSync(join(apps, 'other/compose.yaml'), closed)
    return { name: 'other', directory: join(apps, 'other') }
  },
  'ten minutes': ({ clock }) => clock.advance(10 * 60_000 + 1),
}

for (const [what, change] of Object.entries(changes)) {
  test(`${what}: Compose is asked again`, async (t) => {
    const the = shop(t)
    t.deepEqual([await the.looking(), await the.looking()], [1, 0])
    t.is(await the.looking(change(the) ?? {}), 1)
  })
}

test('what Compose refuses, reads elsewhere or reads while it changes is not kept', async (t) => {
  const { world, looking, write, apps, own } = shop(t)
  world.problems = true
  t.deepEqual([await looking(), await looking()], [1, 1])
  world.problems = false

  write(`${closed}    env_file: [web.env]\n`.replace('{ image: nginx, volumes: [./data:/data] }', '\n    image: nginx'))
  t.deepEqual([await looking(), await looking()], [1, 1])

  let reads = 0
  world.onRead = () => write(`${closed}# ${++reads}\n`)
  t.deepEqual([await looking(), await looking()], [1, 1])
  world.onRead = () => {}
  t.deepEqual([await looking(), await looking()], [1, 0])

  // `..` leads elsewhere from there.
  const far = join(apps, 'far/.draft-2')
  mkdirSync(far, { recursive: true })
  write(closed, far)
  write(`${closed}# far\n`)
  write(`${closed}# far\n`, far)
  t.deepEqual([await looking({ directory: far }), await looking({ directory: own })], [1, 1])
})

const leading = [
  'include: [other.yaml]\nservices: {}',
  '"\\u0069nclude": [other.yaml]\nservices: {}',
  'x-more: &more { include: [other.yaml] }\n<<: *more\nservices: {}',
  'services: { web: { image: nginx, env_file: .env } }',
  'services: { web: { image: nginx, label_file: labels } }',
  'services: { web: { extends: { file: other.yaml, service: web } } }',
  'services: { web: { build: . } }',
  'x-base: &base { env_file: a.env }\nservices: { web: { <<: *base, image: nginx } }',
  'x-base: &base { env_file: a.env }\nservices: { web: *base }',
  'services: { web: { image: nginx, provider: { type: model } } }',
  'services: { web: { image: nginx, of_a_newer_version: x } }',
  'of_a_newer_version: x\nservices: {}',
  'services: {}\n---\ninclude: [other.yaml]',
  'services: [',
]

test('files that lead Compose elsewhere are not closed', (t) => {
  for (const text of leading) t.false(isClosedFile(text), text)
  const open =
    'services:\n  web:\n    image: nginx:${TAG:-1}\n    profiles: [a]\n    x-note: 1\n    environment: { CONFIG_FILE: /a, build: b }\n    labels: { include: yes }\n'
  t.true(isClosedFile(`name: shop\nversion: "3"\nx-any: { include: me }\n${open}secrets: { s: { file: ./s } }\n`))
})
