import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { replacePrivateFile } from '../../private-file.ts'

const keptForm = z.object({ asked: z.string(), name: z.string().min(1) })

export type OwnName = ReturnType<typeof createOwnName>

/**
 * A secondary's own name: the one its primary gave it when it joined, kept in `<dataDir>/name.json`. If NODE_NAME has changed
 * since then, it wins. Later renames on the primary are not followed.
 *
 * @param configured NODE_NAME, or else the host name
 * @param isSet whether `configured` comes from NODE_NAME
 */
export function createOwnName({ configured, isSet, dataDir }: { configured: string; isSet: boolean; dataDir: string }) {
  const path = join(dataDir, 'name.json')
  const kept = read(path)
  let current = kept && (!isSet || kept.asked === configured) ? kept.name : configured

  return {
    current: (): string => current,

    /** Call when the primary has admitted this node under `name`. */
    joinedAs(name: string): void {
      current = name
      replacePrivateFile(path, `${JSON.stringify({ asked: configured, name }, null, 2)}\n`)
    },
  }
}

/** The name is only for people, so an unreadable file is ignored. */
function read(path: string): z.infer<typeof keptForm> | undefined {
  try {
    return keptForm.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data
  } catch {
    return undefined
  }
}
