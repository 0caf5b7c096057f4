import { join } from 'node:path'
import { z } from 'zod'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { readOrMakePrivateFile, replacePrivateFile } from '../private-file.ts'

/** Of so many tries in a row that had no answer, the last one goes to where the environment says. */
const triesPerFallback = 4

const keptForm = z.object({ url: z.string(), insteadOf: z.string(), primaryId: z.guid().nullable() })

export type PrimaryAddress = ReturnType<typeof createPrimaryAddress>

/**
 * Where this node's primary is, and the only writer of it: PRIMARY_NODE_URL, until the primary says that it has moved and
 * answers there. That is kept in the data folder, and holds until PRIMARY_NODE_URL is another one.
 */
export function createPrimaryAddress(deps: {
  fromEnvironment: string
  dataDir: string
  /** Calls home at this URL. @returns the id of the primary that took it, null for one that does not say @throws why not, in words */
  prove: (url: string) => Promise<string | null>
  onChange: () => void
  log: Log
}) {
  const { fromEnvironment, log } = deps
  const path = join(deps.dataDir, 'primary.json')
  const kept = read()
  let current = kept?.insteadOf === fromEnvironment ? kept.url : fromEnvironment
  let primaryId = kept?.primaryId ?? null

  function read(): z.infer<typeof keptForm> | null {
    try {
      return keptForm.safeParse(JSON.parse(readOrMakePrivateFile(path, () => '{}\n'))).data ?? null
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'where the primary has moved to cannot be read; PRIMARY_NODE_URL holds')
      return null
    }
  }

  const write = (): void =>
    replacePrivateFile(path, `${JSON.stringify({ url: current, insteadOf: fromEnvironment, primaryId }, null, 2)}\n`)

  return {
    current: (): string => current,

    /** For the try with this number since the last answer: a primary that is not where it said may be where it was. */
    forTry: (attempt: number): string => (attempt % triesPerFallback === triesPerFallback - 1 ? fromEnvironment : current),

    /** The primary has said who it is. */
    met(id: string): void {
      if (primaryId === id) return
      primaryId = id
      write()
    },

    /** The primary says that it is elsewhere. Believed when it takes this node's call there. @returns why not, in words; null when it holds */
    async move(url: string): Promise<string | null> {
      if (url === current) return null
      try {
        const id = await deps.prove(url)
        if (primaryId !== null && id !== primaryId) return `another primary answers at ${url}`
      } catch (error) {
        return errorMessage(error)
      }
      log.info({ from: current, to: url }, 'primary has moved')
      current = url
      write()
      deps.onChange()
      return null
    },
  }
}
