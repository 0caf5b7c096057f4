import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { errorMessage, StartError } from '../errors.ts'
import { replacePrivateFile } from '../private-file.ts'

const form = z.object({
  /** Null: forgotten on purpose; the next start is like the first one. */
  role: z.enum(['primary', 'secondary']).nullable(),
  /** PRIMARY_NODE_URL as it was last set. */
  primaryUrl: z.string().nullable(),
  /** NODE_NAME as it was last set. */
  name: z.string().nullable(),
})
type Kept = z.infer<typeof form>

export interface KeptRole extends Kept {
  /** Nobody wrote it down: an older version left the folder. What the settings say holds then, whatever it is. */
  isGuess: boolean
}

const pathOf = (dataDir: string): string => join(dataDir, 'role.json')

/**
 * What this node is, kept in `<dataDir>/role.json` so that it is the same when it is started again with no settings. Null before
 * the first start.
 *
 * @throws StartError when the file is damaged
 */
export function readKeptRole(dataDir: string): KeptRole | null {
  const text = readText(pathOf(dataDir))
  if (text === undefined) return guess(dataDir)
  try {
    return { ...form.parse(JSON.parse(text)), isGuess: false }
  } catch {
    throw new StartError(
      `${pathOf(dataDir)} is damaged. Put it back from a backup, or start anew with this node's role: npm run reset-role`,
    )
  }
}

/** Versions before this one kept no role, but where the primary is; only one that took this node in has an id there. */
function guess(dataDir: string): KeptRole | null {
  const left = z.object({ insteadOf: z.string(), primaryId: z.guid() })
  try {
    const { insteadOf } = left.parse(JSON.parse(readText(join(dataDir, 'primary.json')) ?? ''))
    return { role: 'secondary', primaryUrl: insteadOf, name: null, isGuess: true }
  } catch {
    return null
  }
}

export const hasKeptRole = (dataDir: string): boolean => existsSync(pathOf(dataDir))

/** @throws StartError when it cannot be written */
export function keepRole(dataDir: string, kept: Kept): void {
  const { isGuess: _isGuess, ...known } = readKeptRole(dataDir) ?? { isGuess: false }
  if (hasKeptRole(dataDir) && isDeepStrictEqual(known, kept)) return
  try {
    replacePrivateFile(pathOf(dataDir), `${JSON.stringify(kept, null, 2)}\n`)
  } catch (error) {
    throw new StartError(`${pathOf(dataDir)} cannot be written: ${errorMessage(error)}`)
  }
}

/** Forgets role, primary URL and the primary's name for this node. Its id, its key and its apps stay. */
export function forgetRole(dataDir: string): void {
  const name = nameIn(dataDir)
  // First what says that it was forgotten on purpose: a crash in between leaves no guess behind.
  replacePrivateFile(pathOf(dataDir), `${JSON.stringify({ role: null, primaryUrl: null, name } satisfies Kept, null, 2)}\n`)
  for (const file of ['primary.json', 'name.json']) rmSync(join(dataDir, file), { force: true })
}

function nameIn(dataDir: string): string | null {
  try {
    return readKeptRole(dataDir)?.name ?? null
  } catch {
    return null
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new StartError(`${path} cannot be read: ${errorMessage(error)}`)
  }
}
