import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { replacePrivateFile } from '../private-file.ts'

const keptForm = z.object({ asked: z.string(), name: z.string().min(1) })

export type OwnName = ReturnType<typeof createOwnName>

/**
 * What a secondary calls itself: what its primary made of its name when it joined, kept in `<dataDir>/name.json`. A NODE_NAME that
 * is another one than it asked for then wins. What the primary renames later is not followed.
 *
 * @param configured NODE_NAME, or else the name of the host
 * @param isSet whether it is NODE_NAME
 */
export function createOwnName({ configured, isSet, dataDir }: { configured: string; isSet: boolean; dataDir: string }) {
  const path = join(dataDir, 'name.json')
  const kept = read(path)
  let current = kept && (!isSet || kept.asked === configured) ? kept.name : configured

  return {
    current: (): string => current,

    /** The primary has taken it in under this name. */
    joinedAs(name: string): void {
      current = name
      replacePrivateFile(path, `${JSON.stringify({ asked: configured, name }, null, 2)}\n`)
    },
  }
}

/** It is only for people to read, so a file that cannot be read stops nothing. */
function read(path: string): z.infer<typeof keptForm> | undefined {
  try {
    return keptForm.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data
  } catch {
    return undefined
  }
}
