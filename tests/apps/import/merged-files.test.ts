import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createAppFiles } from '../../../api/apps/app-files.ts'
import { createMergeCheck } from '../../../api/apps/import/merge-check.ts'
import { importFolderOf } from '../../../api/apps/import/import-folder.ts'
import { mergedFiles } from '../../../api/apps/import/merged-files.ts'
import { noContents } from '../../../api/apps/versions/contents-input.ts'
import { composeOf, composeVersions, testEachVersion, type ComposeVersion } from '../../helpers/compose-versions.ts'
import { dataFolder } from '../../helpers/data-folder.ts'

const base = `version: "3.8"
x-log: &log
  logging: { driver: json-file, options: { max-size: 10m } }
services:
  web:
    <<: *log
    image: web:3.10
    command: ["run", "a b"]
    environment: { A: "\${WORD}", B: 010, KEPT: "no" }
    env_file: a.env
    ports: ["8080:80"]
    volumes: ["./data:/data", "kept:/kept", "\${PLACE:-/srv}:/srv:ro"]
    healthcheck: { test: ["CMD", "a"], interval: 5s }
    labels: [x=1]
    depends_on: [db]
    networks: [inner]
    cap_drop: [ALL]
    build: .
    secrets: [word]
    restart: always
  db:
    image: db
    # A comment.
    environment:
      - WORD=\${WORD:-none} # another
volumes: { kept: {} }
networks: { inner: {} }
secrets: { word: { file: ./word.txt } }
`
const second = `version: "3.8"
services:
  web:
    environment: ["A=\${OTHER}", "C=1=2", "D"]
    env_file: [b.env]
    ports: ["8080:80", "127.0.0.1:9090:90/udp"]
    volumes: ["./other:/data:ro", "./more:/more", "/mnt:/srv"]
    command: serve --all
    labels: { y: "2" }
    networks: { inner: { aliases: [site] } }
    cap_add: [NET_ADMIN]
    build: { args: { N: "1" } }
    logging: { options: { max-file: "3" } }
  db: { healthcheck: { test: [CMD, "true"], interval: 3s } }
  third: { image: third, depends_on: [db] }
`
const third = `version: "3.8"
services:
  web: { image: "web:4", restart: "no", depends_on: [third], tmpfs: /tmp }
  db: { environment: { WORD: last } }
`

/** A project with these files, beside what they name. */
function project(t: ExecutionContext, texts: string[]) {
  const appsDir = join(dataFolder(t), 'apps')
  const directory = join(appsDir, 'site')
  mkdirSync(directory, { recursive: true })
  for (const name of ['a.env', 'b.env', 'word.txt']) writeFileSync(join(directory, name), `FROM_FILE=${name}\n`)
  const configFiles = texts.map((content, index) => {
    const path = join(directory, `${index}.yaml`)
    writeFileSync(path, content)
    return path
  })
  return { appsDir, directory, configFiles }
}

async function merge(t: ExecutionContext, compose: ComposeVersion, texts: string[]) {
  const { appsDir, directory, configFiles } = project(t, texts)
  const { merged, problem } = await importFolderOf({ name: 'site', workingDirectory: directory, configFiles }, appsDir)
  if (!merged) return { problem, content: null }
  const check = createMergeCheck({ files: createAppFiles({ appsDir }), compose: composeOf(compose) })
  const contents = { ...noContents, composeContent: merged.content, environment: [{ name: 'WORD', value: 'hello', secret: false }] }
  return { problem: await check('site', contents, merged.from), content: merged.content }
}

testEachVersion('several files are made one that reads the same, with variables as variables', async (t, compose) => {
  const { problem, content } = await merge(t, compose, [base, second, third])
  t.is(problem, null)
  t.true(content?.includes('${OTHER}'))
  t.true(content?.includes('${PLACE:-/srv}') === false && content.includes('"/mnt:/srv"'))
  t.true(content?.includes('B: 010'))
  t.false(content?.includes('FROM_FILE'))
})

test('what one file would say differently is noticed', async (t) => {
  const compose = composeVersions.find(({ major }) => major >= 2)
  if (!compose) return t.fail('Compose 2 is missing')
  const files = project(t, [base, second])
  const check = createMergeCheck({ files: createAppFiles(files), compose: composeOf(compose) })
  const composeContent = mergedFiles(files.configFiles.map((path) => ({ path, content: readFileSync(path, 'utf8') }))).content ?? ''
  const changed = { ...noContents, composeContent: composeContent.replace('serve --all', 'serve') }
  t.is(await check('site', changed, files.configFiles), 'Compose reads web differently as one')
})

test('files that cannot be made one are named, with the way out', async (t) => {
  const reasons: [string, RegExp][] = [
    ['services: { web: { extends: { file: other.yaml, service: web } } }', /1\.yaml uses "extends" with a file/],
    ['include: [other.yaml]\nservices: {}', /1\.yaml uses "include"/],
    ['services: [', /1\.yaml, line 1/],
  ]
  for (const [text, reason] of reasons) {
    const { appsDir, directory, configFiles } = project(t, [base, text])
    const found = await importFolderOf({ name: 'site', workingDirectory: directory, configFiles }, appsDir)
    t.is(found.merged, null)
    t.regex(found.problem ?? '', reason)
    t.true(found.problem?.includes(`docker compose -f ${configFiles[0]} -f ${configFiles[1]} config --no-interpolate`))
  }
})
