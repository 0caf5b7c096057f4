import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
/** No sandbox, which does not work for root or in containers, and nothing that calls home. */
const flags = ['no-sandbox', 'disable-gpu', 'no-first-run', 'disable-background-networking', 'disable-component-update', 'disable-sync']

/** How playwright-core starts the machine's Chromium. @throws if there is none */
export function chromiumOptions(): { executablePath: string; args: string[] } {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = programs.flatMap((program) => folders.map((folder) => join(folder, program))).find(isExecutable)
  if (!found) throw new Error(`This needs Chromium: none of ${programs.join(', ')} is on the PATH`)
  return { executablePath: found, args: flags.map((flag) => `--${flag}`) }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
