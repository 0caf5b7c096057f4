import { readFile, readdir } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import { answered, inspectContainer, type EngineClient } from './engine-client.ts'

/** What a program that is executed in a container has in its environment, so that it is found there. */
export const markVariable = (mark: string): string => `SELFHOSTLY_TERMINAL=${mark}`

/** A program that does not end when it is hung up is killed. */
export const killAfterMs = 3000

/**
 * Signals the program that has this mark, from within its container, by what every shell has built in. Its descendants have the mark
 * too, but only it comes from outside of the container, so only it has no parent there. When a terminal's first program is hung up, it
 * hangs up what it started, unless that was meant to go on.
 */
const signalScript = scriptFor(
  'while read -r key value; do [ "$key" = PPid: ] && [ "$value" = 0 ] && kill "-$2" "${d#/proc/}"; done < "$d/status"',
)

/** Also what those programs started and left behind. */
const signalAllScript = scriptFor('kill "-$2" "${d#/proc/}"')

function scriptFor(signal: string): string {
  return `for d in /proc/[0-9]*; do
  while IFS= read -r line || [ -n "$line" ]; do
    case "$line" in
    *"$1"*)
      ${signal}
      break
    esac
  done < "$d/environ"
done 2>/dev/null
true`
}

/** Ends what was executed in containers. Docker itself cannot. */
export function createMarkedPrograms({ client, clock }: { client: EngineClient; clock: Clock }) {
  const { docker, ask } = client
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))

  /** Null where this program does not see the Engine's processes. */
  async function hasMark(pid: number, mark: string): Promise<boolean | null> {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => null)
    return environment === null ? null : environment.split('\0').some((each) => each.startsWith(markVariable(mark)))
  }

  async function signalFromHere(pid: number, mark: string, signal: 'HUP' | 'KILL'): Promise<boolean> {
    if (pid <= 0) return true
    if (!(await hasMark(pid, mark))) return false
    try {
      process.kill(pid, `SIG${signal}`)
      return true
    } catch {
      return false
    }
  }

  async function signalWithin(containerId: string, mark: string, signal: 'HUP' | 'KILL', script = signalScript): Promise<void> {
    const Cmd = ['sh', '-c', script, 'sh', markVariable(mark), signal]
    const exec = await answered(client, docker.getContainer(containerId).exec({ Cmd }))
    await answered(client, exec.start({ Detach: true }))
  }

  /** Process ids, as the Engine sees them, of what is executed in a container beside its own program. */
  async function executedIn(containerId: string): Promise<number[]> {
    const info = await inspectContainer(client, containerId)
    const execs = (info?.ExecIDs as string[] | null | undefined) ?? []
    const looks = execs.map((id) => ask((abortSignal) => docker.getExec(id).inspect({ abortSignal })).catch(() => null))
    return (await Promise.all(looks)).flatMap((look) => (look?.Running ? look.Pid : []))
  }

  /** @returns whether there were some */
  async function endMarkedIn(containerId: string, mark: string): Promise<boolean> {
    let found = false
    for (const signal of ['HUP', 'KILL'] as const) {
      const pids = await executedIn(containerId)
      const marks = await Promise.all(pids.map((pid) => hasMark(pid, mark)))
      const [seen, isUnseen] = [pids.filter((_pid, at) => marks[at]), marks.includes(null)]
      if (seen.length === 0 && !isUnseen) break
      found ||= seen.length > 0
      for (const pid of seen) await signalFromHere(pid, mark, signal)
      if (isUnseen) await signalWithin(containerId, mark, signal, signalAllScript)
      const until = clock.now().getTime() + killAfterMs
      while ((await executedIn(containerId)).some((pid) => pids.includes(pid)) && clock.now().getTime() < until) await wait(50)
    }
    return found
  }

  /** What marked programs started and left behind: it has their environment, but nobody lists it. As far as it is seen from here. */
  async function endRest(mark: string): Promise<void> {
    const marked = async (): Promise<number[]> => {
      const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
      const marks = await Promise.all(pids.map((pid) => hasMark(pid, mark)))
      return pids.filter((_pid, at) => marks[at])
    }
    for (const signal of ['HUP', 'KILL'] as const) {
      const left = await marked()
      if (left.length === 0) return
      for (const pid of left) await signalFromHere(pid, mark, signal)
      const until = clock.now().getTime() + killAfterMs
      while ((await marked()).length > 0 && clock.now().getTime() < until) await wait(50)
    }
  }

  return {
    /** @param pid as the Engine sees it */
    async signal(containerId: string, pid: number, mark: string, signal: 'HUP' | 'KILL'): Promise<void> {
      if (!(await signalFromHere(pid, mark, signal))) await signalWithin(containerId, mark, signal)
    },

    /** Those whose mark begins so, in all containers. @returns in how many there were some */
    async endAll(mark: string): Promise<number> {
      const running = await ask((abortSignal) => docker.listContainers({ abortSignal }))
      const found = await Promise.all(running.map(({ Id: id }) => endMarkedIn(id, mark)))
      await endRest(mark)
      return found.filter(Boolean).length
    },
  }
}
