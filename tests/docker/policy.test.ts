import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import pLimit from 'p-limit'
import { parse, stringify } from 'yaml'
import { systemClock } from '../../api/clock.ts'
import { createKeptModels } from '../../api/apps/compose/policy/kept-models.ts'
import { authoredFindings, modelFindings } from '../../api/apps/compose/policy/policy-findings.ts'
import type { PolicyFinding } from '../../api/apps/compose/policy/policy-finding.ts'
import { composeOf, testEachVersion, type ComposeVersion } from '../helpers/compose-versions.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { cases, fileOf, files, links, type PolicyCase } from './policy/cases.ts'

/** Version 1 takes most of a core for half a second. */
const inTurn = pLimit(2)

type T = ExecutionContext<unknown>

function appFolder(t: T): string {
  const folder = join(dataFolder(t), 'apps', 'shop')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  mkdirSync(join(dirname(folder), 'other'))
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(folder, name))
  return folder
}

const textAt = async (path: string): Promise<string | null> => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** With the folders of this test in place of the words that stand for them. */
function named(each: PolicyCase, folder: string, home: string): PolicyCase {
  const put = (text: string): string =>
    text
      .replaceAll('GRAND', dirname(dirname(folder)))
      .replaceAll('PARENT', dirname(folder))
      .replaceAll('DIR', folder)
      .replaceAll('HOME', home)
  return { ...each, yaml: put(each.yaml), finds: each.finds.map(put) }
}

const shown = ({ service, rule, detail }: PolicyFinding): string =>
  [/^(web\d*)?$/.test(service) ? '' : `${service.replace(/\d+$/, '')} `, rule, detail === null ? '' : `:${detail}`].join('')

const findingsOf = (found: PolicyFinding[]): string[] => found.map(shown).sort()

/** What the YAML reader itself must be asked about stays in a file of its own. Version 1 needs most of a second for each. */
const isAlone = ({ yaml }: PolicyCase): boolean => /default:|<<|x-|\\u|version: "2|include|extends|&|!!/.test(yaml)

/** Many cases as one file: the services of case 3 are `web3` and `db3`. */
function joined(all: PolicyCase[]): string {
  const parts = all.map((each, at) => {
    const text = fileOf(each).replace(/\b(web|db|vol|h)(?=[:\]},"])|(?<=source: )vol\b/g, (name) => name + at)
    const own = text.replace(/\[s\]|source: s\b|^ {2}s:/gm, (name) => name.replace('s', `s`).replace(/\bs\b/, `s${at}`))
    return parse(own) as Record<string, Record<string, unknown>>
  })
  const whole: Record<string, object> = {}
  for (const { version: _, ...part } of parts) for (const [key, value] of Object.entries(part)) whole[key] = { ...whole[key], ...value }
  return stringify({ version: '3.8', ...whole })
}

async function modelOf(t: T, version: ComposeVersion, folder: string, content: string, variables: object): Promise<unknown> {
  writeFileSync(join(folder, 'compose.yaml'), content)
  writeFileSync(
    join(folder, '.env'),
    Object.entries(variables)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  return inTurn(() => composeOf(version).model({ name: 'shop', directory: folder }, AbortSignal.timeout(60_000))).catch(
    (error: unknown) => {
      t.fail(`${content}: ${String(error)}`)
      return {}
    },
  )
}

for (const [group, ofGroup] of Object.entries(cases)) {
  test(`the first look, at the text: ${group}`, async (t) => {
    const folder = appFolder(t)
    for (const plain of ofGroup) {
      const each = named(plain, folder, '/home/someone')
      const content = fileOf(each)
      const variables = { HOME: '/home/someone', ...each.variables }
      const found = await authoredFindings({ read: textAt, variables }, { folders: [folder], allowedPaths: [], content })
      t.deepEqual(findingsOf(found), each.refused ? each.finds.toSorted() : [], each.yaml)
      for (const { message } of found) t.regex(message, /^(The app|The service "\w+") .*(An administrator can allow it|cannot be allowed)/)
    }
  })

  testEachVersion(`the second look, at the model: ${group}`, async (t, compose) => {
    const folder = appFolder(t)
    const all = ofGroup
      .filter(({ refused, only }) => !refused && (only !== 2 || compose.major >= 2))
      .map((each) => named(each, folder, compose.env.HOME ?? ''))
    const look = async (content: string, variables: object): Promise<PolicyFinding[]> =>
      modelFindings(await modelOf(t, compose, folder, content, variables), { folders: [folder], allowedPaths: [], content })

    for (const each of all.filter(isAlone)) {
      t.deepEqual(findingsOf(await look(fileOf(each), each.variables ?? {})), each.finds.toSorted(), each.yaml)
    }
    const others = all.filter((each) => !isAlone(each))
    t.is(all.length === 0, group === 'external-include', 'Compose resolves nothing of those')
    if (others.length === 0) return
    const found = await look(joined(others), Object.assign({}, ...others.map(({ variables }) => variables)))
    others.forEach((each, at) => {
      const own = found.filter(({ service }) => new RegExp(`^(web|db)${at}$`).test(service))
      t.deepEqual(findingsOf(own), each.finds.toSorted(), each.yaml)
      for (const { message } of own) {
        t.false(message.includes('hidden'), message)
        t.regex(message, /^The service "\w+" .*An administrator can allow it/)
      }
    })
  })
}

const manyPaths = `services:
  web:
    image: nginx:\${TAG:-1}
    volumes: ["./data:/data", "../other:/other:ro", "../shop2:/more", "~/x:/x", "vol:/vol", {type: bind, source: ./conf, target: /conf}]
    tmpfs: [/run]
    secrets: [s]
    configs: [c]
    environment: { CONFIG_FILE: ./x, HERE: . }
    networks: [inner]
networks: { inner: {} }
volumes: { vol: { driver_opts: { type: none, o: bind, device: ./vol } } }
secrets: { s: { file: ./s.txt } }
configs: { c: { file: ./c.txt } }
`

testEachVersion("what is kept of a draft is what Compose makes of the app's own folder", async (t, version) => {
  const folder = appFolder(t)
  const draft = join(dirname(folder), '.draft-abcdef')
  mkdirSync(draft)
  const content = version.major === 1 ? `version: '3.8'\n${manyPaths}` : manyPaths
  for (const each of [folder, draft]) writeFileSync(join(each, 'compose.yaml'), content)
  const compose = composeOf(version)
  const project = { name: 'shop', environment: { TAG: '2' } }
  let asked = 0
  const counting: typeof compose.resolve = (...of) => inTurn(() => ((asked += 1), compose.resolve(...of)))
  const models = createKeptModels({ compose: { ...compose, resolve: counting }, directoryOf: () => folder, clock: systemClock })
  const { signal } = new AbortController()
  await models.resolve({ ...project, directory: draft }, signal)
  const kept = await models.resolve({ ...project, directory: folder }, signal)
  t.is(asked, 1)
  t.deepEqual(kept, JSON.parse(JSON.stringify(await counting({ ...project, directory: folder }, signal))))
  t.regex(JSON.stringify(kept), /nginx:2.*\/shop2/)
})
