import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { errorMessage, StartError } from '../../errors.ts'
import { ownCommand } from '../../own-command.ts'
import { replacePrivateFile } from '../../private-file.ts'

const form = z.object({
  /** Null after `reset-role`: the next start behaves like the first one. */
  role: z.enum(['primary', 'secondary']).nullable(),
  /** The last PRIMARY_NODE_URL. */
  primaryUrl: z.string().nullable(),
  /** The last NODE_NAME. */
  name: z.string().nullable(),
})
type Kept = z.infer<typeof form>

export interface KeptRole extends Kept {
  /** True if derived from files that an older version left. The settings then win. */
  isGuess: boolean
}

const pathOf = (dataDir: string): string => join(dataDir, 'role.json')

/**
 * This node's role, primary URL and name, kept in `<dataDir>/role.json` so that a start without settings finds them again.
 * Null before the first start.
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
      `${pathOf(dataDir)} is damaged. Restore it from a backup, or reset this node's role with: ${ownCommand('reset-role')}`,
    )
  }
}

/** Older versions stored only the primary's address, not the role. `primaryId` is set only if the primary accepted this node. */
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

/** @throws StartError when the file cannot be written */
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
  // Write the reset role first: after a crash in between, the next start does not guess from the other files.
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
