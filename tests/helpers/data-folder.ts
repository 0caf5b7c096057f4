import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** An empty folder for the test, removed afterwards. */
export function dataFolder(t: ExecutionContext<unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'selfhostly-data-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
