/** What is known of how a container ended. */
export interface Ending {
  exitCode: number
  /** The kernel killed it because it had used up its memory. */
  outOfMemory: boolean
  /** Someone asked Docker to stop it. */
  wasStopped: boolean
  /** Someone asked Docker to kill it. */
  wasKilled: boolean
  /** Who did that here, by name. */
  by: string | null
  /** Null: it has none. Undefined: not known. */
  memoryLimitBytes: number | null | undefined
}

const signals: Record<number, string> = {
  129: 'SIGHUP',
  130: 'SIGINT, as Ctrl+C sends it',
  131: 'SIGQUIT',
  132: 'SIGILL: it ran an instruction that this processor does not have',
  133: 'SIGTRAP',
  134: 'SIGABRT: it aborted by itself',
  135: 'SIGBUS',
  136: 'SIGFPE: an impossible calculation, such as a division by zero',
  141: 'SIGPIPE: nobody read what it wrote',
}

/** What an exit code means. */
export function exitWords(ending: Ending): string {
  const { exitCode, wasStopped } = ending
  switch (exitCode) {
    case 0:
      return wasStopped ? `Stopped${byWhom(ending)}, and ended without an error` : 'Ended by itself, without an error'
    case 125:
      return 'Docker could not run it (125)'
    case 126:
      return 'Its command cannot be run: no permission, or not a program (126)'
    case 127:
      return 'Its command does not exist in the image (127)'
    case 137:
      return killedWords(ending)
    case 139:
      return 'Crashed: it accessed memory that is not its own (139, SIGSEGV)'
    case 143:
      return wasStopped ? `Stopped${byWhom(ending)} (143, SIGTERM)` : 'Was asked to end, and did (143, SIGTERM)'
    default:
      return otherWords(ending)
  }
}

function killedWords({ outOfMemory, wasStopped, wasKilled, memoryLimitBytes, by }: Ending): string {
  if (outOfMemory && memoryLimitBytes === undefined) return 'Killed because it ran out of memory (137, SIGKILL)'
  if (outOfMemory) {
    const limit = memoryLimitBytes == null ? 'the memory of this machine' : `its limit of ${Math.round(memoryLimitBytes / 2 ** 20)} MiB`
    return `Killed because it ran out of memory: it used up ${limit} (137, SIGKILL)`
  }
  const who = byWhom({ by })
  if (wasStopped) return `Stopped${who}. It did not end within its grace period, so Docker killed it (137, SIGKILL)`
  if (wasKilled) return `Killed by hand${who} (137, SIGKILL)`
  return 'Killed, but not by Docker: by someone on this machine, or by the kernel because the machine ran out of memory (137, SIGKILL)'
}

function otherWords({ exitCode, wasStopped, by }: Ending): string {
  const signal = signals[exitCode]
  if (signal) return `Ended by a signal: ${signal} (${exitCode})`
  if (wasStopped) return `Stopped${byWhom({ by })}, and ended with an error (${exitCode})`
  return `Ended with an error (${exitCode}). Its last log lines say more`
}

const byWhom = ({ by }: Pick<Ending, 'by'>): string => (by === null ? '' : ` by ${by}`)
