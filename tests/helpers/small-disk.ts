import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from './test-context.ts'

export interface SmallDisk {
  folder: string
  /** Command prefix for a process that should find the disk full from its start. */
  fullFromTheStart: string[]
  /** Fills the disk completely. */
  fill: (pid?: number) => void
  /** Makes room again. */
  free: (pid?: number) => void
}

/**
 * A disk that can be filled: a small in-memory file system, which needs root to mount. Without root, a file size limit, which
 * the kernel checks in the same calls, stands in for it. Removed after the test.
 */
export function smallDisk(t: TestContext, megabytes = 24): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'selfhostly-disk-'))
  const filler = join(folder, 'filler')
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'selfhostly-test', folder], { stdio: 'pipe' })
  } catch {
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const limit = (pid: number, most: string) => void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${most}:`])
    return {
      folder,
      fullFromTheStart: ['sh', '-c', 'ulimit -S -f 0; exec "$@"', 'sh'],
      fill: (pid = process.pid) => limit(pid, '0'),
      free: (pid = process.pid) => limit(pid, 'unlimited'),
    }
  }
  t.teardown(() => {
    execFileSync('umount', ['--lazy', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    folder,
    fullFromTheStart: [],
    fill: () => fillUp(filler),
    free: () => rmSync(filler, { force: true }),
  }
}

function fillUp(path: string): void {
  const file = openSync(path, 'a')
  try {
    for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2)) writeWhileItFits(file, Buffer.alloc(size))
  } finally {
    closeSync(file)
  }
}

function writeWhileItFits(file: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(file, bytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
