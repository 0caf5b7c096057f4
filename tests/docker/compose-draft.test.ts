import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import type { ExecutionContext } from 'ava'
import { createAppFiles } from '../../api/apps/app-files.ts'
import { noContents } from '../../api/apps/versions/contents-input.ts'
import { createComposeCli } from '../../api/docker/compose-cli.ts'
import { testEachVersion } from '../helpers/compose-versions.ts'
import { dataFolder } from '../helpers/data-folder.ts'

const log = pino({ level: 'silent' })

/** An app's folder with these files, and a draft of its Compose file in another folder. */
function drafted(t: ExecutionContext, files: Record<string, string>, draft: string) {
  const apps = dataFolder(t)
  const [directory, file] = [join(apps, 'shop'), join(apps, '.draft-1', 'compose.yaml')]
  mkdirSync(directory)
  for (const [name, text] of [...Object.entries(files), [file, draft] as const]) {
    const path = name === file ? file : join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return { name: 'shop', directory, file }
}

const base = 'services:\n  base:\n    image: nginx\n    env_file: .env\n'
const service = (lines: string): string => `services:\n  web:\n    image: nginx\n${lines}`

const namesFiles: Record<string, { files: Record<string, string>; draft: string; only?: number }> = {
  env_file: { files: { '.env': 'A=1\n' }, draft: service('    env_file: .env\n') },
  'a required variable': { files: { '.env': 'FOO=1\n' }, draft: service('    environment: { FOO: "${FOO:?set it}" }\n') },
  'a port': { files: { '.env': 'PORT=8081\n' }, draft: service("    ports: ['${PORT}:80']\n") },
  extends: { files: { '.env': 'A=1\n', 'base.yaml': base }, draft: 'services:\n  web:\n    extends: { file: base.yaml, service: base }\n' },
  include: { files: { '.env': 'A=1\n', 'base.yaml': base }, draft: `include: [base.yaml]\n${service('')}`, only: 2 },
  'the old file is not read': { files: { 'compose.yaml': 'no: [\n' }, draft: service('') },
}

for (const [what, { files, draft, only = 0 }] of Object.entries(namesFiles)) {
  testEachVersion(`a draft is checked with its app's files: ${what}`, async (t, { env, major }) => {
    const project = drafted(t, files, draft)
    const { problems } = await createComposeCli({ log, env }).config(project)
    if (major < only) return void t.regex(problems[0]?.message ?? '', /"include" needs Compose 2/)
    t.deepEqual(problems, [])
    t.deepEqual(readdirSync(project.directory).sort(), Object.keys(files).sort(), 'leaves nothing in the folder')
  })
}

testEachVersion('problems of a draft do not reveal its folder', async (t, { env }) => {
  for (const draft of [
    service('    imagine: true\n'),
    'services: [\n',
    service('    env_file: missing.env\n'),
    'services:\n  web:\n    extends: { file: no.yaml, service: a }\n',
  ]) {
    const project = drafted(t, {}, draft)
    const { problems } = await createComposeCli({ log, env }).config(project)
    t.true(problems.length > 0, draft)
    const said = JSON.stringify(problems)
    t.false(said.includes(dirname(project.directory)), said)
    t.notRegex(said, /\.draft-/)
  }
})

const extending = (file: string, name: string): string => `services:\n  web:\n    extends: { file: ${file}, service: ${name} }\n`
const withService = (name: string): string => `  ${name}:\n    image: nginx\n`

/** An app's files on disk, and a draft of its Compose file that refers to itself. */
const leadingBack: Record<string, { files: Record<string, string>; draft: string; refused?: RegExp }> = {
  'a service that only the draft has': {
    files: { 'compose.yaml': service('') },
    draft: extending('compose.yaml', 'base') + withService('base'),
  },
  'a service that only the file on disk has': {
    files: { 'compose.yaml': service('') + withService('base') },
    draft: extending('./compose.yaml', 'base'),
    refused: /base/,
  },
  'through another file': {
    files: { '.env': 'IMAGE=nginx\n', 'other.yaml': extending('compose.yaml', 'base'), 'compose.yaml': 'services: [broken\n' },
    draft: `${extending('other.yaml', 'web')}  base:\n    image: "\${IMAGE:?}"\n    env_file: .env\n`,
  },
}

for (const [what, { files, draft, refused }] of Object.entries(leadingBack)) {
  testEachVersion(`a draft that extends itself is checked against itself: ${what}`, async (t, { env }) => {
    const appsDir = dataFolder(t)
    const folder = join(appsDir, 'shop')
    mkdirSync(folder)
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const compose = createComposeCli({ log, env })
    const { problems } = await createAppFiles({ appsDir }).withDraft('shop', { ...noContents, composeContent: draft }, (project) =>
      compose.config(project),
    )
    if (refused) t.regex(problems[0]?.message ?? '', refused)
    else t.deepEqual(problems, [])
    t.notRegex(JSON.stringify(problems), /\.draft-/)
    t.deepEqual([readdirSync(appsDir), readdirSync(folder).toSorted()], [['shop'], Object.keys(files).toSorted()])
  })
}
