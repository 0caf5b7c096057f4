import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second in /proc/<pid>/stat. 100 on every Linux that Node supports. */
const ticksPerSecond = 100

/** User and system CPU time of a process so far, in milliseconds (steps of 10). */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may contain spaces. The fields after it start at number 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

/** Resident memory of a process in MB (10^6 bytes). */
export function residentMbOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kib) * 1024) / 1e6
}

/** Number of open files and sockets of a process. */
export const handlesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length
