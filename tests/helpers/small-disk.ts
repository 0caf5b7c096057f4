import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from './test-context.ts'

export interface SmallDisk {
  folder: string
  /** What a process that runs must be started with, so that the disk is full for it from its first moment on. */
  fullFromTheStart: string[]
  /** No byte more gets onto it. */
  fill: (pid?: number) => void
  /** There is room again. */
  free: (pid?: number) => void
}

/**
 * A disk that can be filled: a small file system in memory, which takes root to mount. Without, a limit on the size of files, which
 * the kernel checks at the same calls, stands in. It is gone after the test.
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
