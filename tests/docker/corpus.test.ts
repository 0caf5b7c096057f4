import { execFile } from 'node:child_process'
import { cp, readFile } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import { checkCompose } from '../../api/apps/compose-check.ts'
import { AppError } from '../../api/errors.ts'
import { composeOf, testEachVersion, type ComposeVersion } from '../helpers/compose-versions.ts'
import { uniqueProject, type TestProject } from '../helpers/docker.ts'

/** Features that self-hosted apps use in their Compose files, one per file. The first line names the feature. Some files are faulty. */
const corpus = join(import.meta.dirname, 'corpus')
const names = readdirSync(corpus).filter((name) => name.endsWith('.yaml'))

/** Version 1 takes most of a core for half a second. */
const inTurn = pLimit(2)

/** "accepted", or the problems. */
async function ours(project: TestProject, content: string, version: ComposeVersion): Promise<string> {
  try {
    await checkCompose(content, () => composeOf(version).config(project))
    return 'accepted'
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return error.fields.map(({ message }) => message).join('\n')
  }
}

/** For a file that we refuse: what Compose alone says. One that we accept has been accepted by `config`. */
async function theirs({ name, directory }: TestProject, { env, major }: ComposeVersion): Promise<string> {
  const args = ['--project-name', name, '--file', 'compose.yaml', 'config', '--quiet']
  const [file, prefix] = major === 1 ? ['docker-compose', []] : ['docker', ['compose']]
  const options = { cwd: directory, env: { PATH: env.PATH, HOME: env.HOME } }
  return promisify(execFile)(file, [...prefix, ...args], options).then(
    () => 'accepted',
    (error: unknown) => String(error),
  )
}

for (const name of names) {
  testEachVersion(`${name} gets the same verdict as from config`, (t, version) =>
    inTurn(async () => {
      const project = await uniqueProject(t)
      await cp(join(corpus, 'beside'), project.directory, { recursive: true })
      const content = await readFile(join(corpus, name), 'utf8')
      await project.writeCompose(content)
      const our = await ours(project, content, version)
      const { major } = version
      const isRefusedLater = major === 1 && /^# .*: Compose 1\.29 notices at run time/m.test(content)
      if (our === 'accepted') t.false(isRefusedLater)
      else if (!isRefusedLater) t.not(await theirs(project, version), 'accepted', our)
      const [, verdict] = /^# .*: (refused|Compose 2|Compose 1\.29)\b/m.exec(content) ?? []
      if (verdict === 'refused') t.not(our, 'accepted', 'its comment says "refused"')
      if (!verdict) t.is(our, 'accepted', 'its comment names no other verdict')
      if (verdict === 'Compose 2' && major === 1) t.regex(our, /needs Compose 2, but this node has docker-compose 1\./)
      if (our !== 'accepted') t.regex(our, /^(line \d+|the file \S+ does not exist)/, 'names the place')
      t.false(our.includes(project.directory), our)
    }),
  )
}
