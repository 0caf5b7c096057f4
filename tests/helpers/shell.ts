import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { removeProject } from './docker.ts'
import { checkout } from './documented.ts'
import { createSeen } from './seen.ts'
import type { TestContext } from './test-context.ts'

/** What curl got. */
export interface HttpAnswer {
  status: number
  body: string
}

export interface CommandResult {
  code: number
  output: string
  answers: HttpAnswer[]
}

export type Shell = Awaited<ReturnType<typeof openShell>>

/** Generous, because machines that test are busy. */
const deadlineMs = 60_000

/** The real curl, but it also records each answer, which a pipe would hide. */
const notingCurl = `#!/bin/sh
PATH=\${PATH#*:}
body=$(mktemp "$ANSWERS/XXXXXX.body")
curl -o "$body" -w '%{http_code}' "$@" >"\${body%.body}.status"
code=$?
cat "$body"
exit $code
`

/** What a fresh clone does not have. */
const notCloned = new Set(['.git', '.env', 'data', 'apps'])

/**
 * A bash session on a machine of its own: variables and the working directory persist between commands. It starts in a folder that
 * has a checkout named `selfhostly`. After the test, everything it started has ended and its folder is deleted.
 */
export async function openShell(t: TestContext, name: string, env: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'selfhostly-shell-'))
  const [bin, answersFolder, clone] = ['bin', 'answers', 'selfhostly'].map((part) => join(folder, part)) as [string, string, string]
  await Promise.all([bin, answersFolder, clone].map((path) => mkdir(path)))
  await writeFile(join(bin, 'curl'), notingCurl)
  await chmod(join(bin, 'curl'), 0o755)
  for (const entry of await readdir(checkout)) if (!notCloned.has(entry)) await symlink(join(checkout, entry), join(clone, entry))

  const { PATH = '', HOME = '', DOCKER_HOST, DOCKER_CONFIG } = process.env
  // npm puts node_modules/.bin first for its scripts. A person's PATH does not have it.
  const path = PATH.split(':').filter((entry) => !entry.endsWith('node_modules/.bin'))
  const machine = {
    HOME,
    ...(DOCKER_HOST && { DOCKER_HOST }),
    ...(DOCKER_CONFIG && { DOCKER_CONFIG }),
    PATH: [bin, ...path].join(':'),
    ANSWERS: answersFolder,
    ...env,
  }
  const bash = start('exec bash --noprofile --norc', folder)
  bash.stdin.write('set -o pipefail\n')
  const printed = createSeen<string>(name)
  createInterface({ input: bash.stdout }).on('line', printed.push)
  const staying = new Set<ChildProcess>()
  let cwd = folder

  function start(command: string, at: string) {
    return spawn('bash', ['--noprofile', '--norc', '-c', `exec 2>&1; ${command}`], {
      cwd: at,
      env: machine,
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    })
  }

  async function takeAnswers(): Promise<HttpAnswer[]> {
    const names = (await readdir(answersFolder)).filter((file) => file.endsWith('.status'))
    const answers = await Promise.all(
      names.map(async (file) => ({
        status: Number(await readFile(join(answersFolder, file), 'utf8')),
        body: await readFile(join(answersFolder, file.replace('.status', '.body')), 'utf8'),
      })),
    )
    for (const file of await readdir(answersFolder)) await rm(join(answersFolder, file))
    return answers
  }

  /** Runs a command as it is written. */
  async function run(text: string, input = ''): Promise<CommandResult> {
    await Promise.all([writeFile(join(folder, 'command.sh'), `${text}\n`), writeFile(join(folder, 'input'), input)])
    const from = printed.values.length
    bash.stdin.write(`. ${folder}/command.sh <${folder}/input\nended=$?\nprintf '\\n@ended %s %s\\n' $ended "$PWD"\n`)
    const end = await printed.first((line) => line.startsWith('@ended '), { from, withinMs: deadlineMs })
    const output = printed.values.slice(from, printed.values.lastIndexOf(end)).join('\n')
    const [, code = '', now = cwd] = /^@ended (\d+) (.*)$/.exec(end) ?? []
    cwd = now
    return { code: Number(code), output, answers: await takeAnswers() }
  }

  t.teardown(async () => {
    await Promise.all([...staying, bash].map(endGroup))
    if (!t.passed) console.log(`--- ${name} printed:\n${printed.values.join('\n')}\n---`)
    for (const app of await readdir(join(clone, 'apps')).catch(() => [])) await removeProject(app)
    await rm(folder, { recursive: true, force: true })
  })

  return {
    clone,
    run,

    /** Starts a program that keeps running, with this shell's variables and folder, and waits for a line. @returns a function that ends it */
    async stay(text: string, ready: RegExp): Promise<() => Promise<void>> {
      await run(`declare -p >${folder}/variables`)
      const from = printed.values.length
      const program = start(`. ${folder}/variables 2>/dev/null; ${text}`, cwd)
      staying.add(program)
      createInterface({ input: program.stdout }).on('line', printed.push)
      const died = once(program, 'close').then(() => {
        throw new Error(`${text} ended:\n${printed.values.slice(from).join('\n')}`)
      })
      await Promise.race([printed.first((line) => ready.test(line), { from, withinMs: deadlineMs }), died])
      died.catch(() => undefined)
      return () => endGroup(program)
    },
  }
}

/** Ends a program with everything it started. */
async function endGroup(child: ChildProcess): Promise<void> {
  const { pid } = child
  if (child.exitCode !== null || child.signalCode !== null || !pid) return
  const closed = once(child, 'close')
  process.kill(-pid, 'SIGTERM')
  const late = setTimeout(() => process.kill(-pid, 'SIGKILL'), 15_000)
  await closed
  clearTimeout(late)
}
