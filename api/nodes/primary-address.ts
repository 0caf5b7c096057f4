import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { readOrMakePrivateFile, replacePrivateFile } from '../private-file.ts'

/** A primary that restarts is back within this; one that is silent for longer may be at another URL. Asked again so often. */
const tryOthersMs = 20_000

const keptForm = z.object({
  /** Where it is called. */
  url: z.string(),
  /** Where it last said that it is: not the same when it was not there yet, or the environment was changed since. */
  said: z.string().nullable(),
  /** What the environment said then: once it says something else, that counts. */
  insteadOf: z.string(),
  primaryId: z.guid().nullable(),
})
type Kept = z.infer<typeof keptForm>

export type PrimaryAddress = ReturnType<typeof createPrimaryAddress>

/**
 * Where this node's primary is, and the only writer of it: PRIMARY_NODE_URL, until the primary says that it is elsewhere and
 * takes this node's call there. That is kept in the data folder, and holds until PRIMARY_NODE_URL is another one. When the
 * one in use does not answer for some time, the others are tried; the same primary has to be there.
 */
export function createPrimaryAddress(deps: {
  fromEnvironment: string
  dataDir: string
  /** Calls home at this URL. @returns the id of the primary that took it, null for one that does not say @throws why not, in words */
  prove: (url: string) => Promise<string | null>
  onChange: () => void
  clock: Clock
  log: Log
}) {
  const { fromEnvironment, clock, log } = deps
  const path = join(deps.dataDir, 'primary.json')
  let kept = read()
  let failingSince: number | null = null
  let lastTurn: Promise<unknown> = Promise.resolve()

  const current = (): string => kept.url

  function read(): Kept {
    const nothing: Kept = { url: fromEnvironment, said: null, insteadOf: fromEnvironment, primaryId: null }
    try {
      const found = keptForm.safeParse(JSON.parse(readOrMakePrivateFile(path, () => '{}\n'))).data ?? nothing
      // Somebody has changed the environment since. It may lead to another primary.
      return found.insteadOf === fromEnvironment ? found : { ...nothing, said: found.said }
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'where the primary has moved to cannot be read; PRIMARY_NODE_URL holds')
      return nothing
    }
  }

  function write(change: Partial<Kept>): void {
    const from = current()
    const next = { ...kept, ...change }
    if (isDeepStrictEqual(next, kept)) return
    replacePrivateFile(path, `${JSON.stringify(next, null, 2)}\n`)
    kept = next
    const to = current()
    if (to === from) return
    failingSince = null
    log.info({ from, to }, 'primary has moved')
    deps.onChange()
  }

  /** Why the primary is not at this URL, in words; null when it is. */
  async function disprove(url: string): Promise<string | null> {
    try {
      const id = await deps.prove(url)
      return kept.primaryId !== null && id !== kept.primaryId ? `another primary answers at ${url}` : null
    } catch (error) {
      return errorMessage(error)
    }
  }

  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = lastTurn.then(run)
    lastTurn = result.catch(() => undefined)
    return result
  }

  /** What it said is kept also when it is not there yet: it may be there when it is nowhere else any more. */
  async function move(url: string): Promise<string | null> {
    const error = url === current() ? null : await disprove(url)
    if (error === null) write({ url, said: url })
    else write({ said: url })
    return error
  }

  async function tryOthers(): Promise<void> {
    if (kept.primaryId === null) return
    for (const url of new Set([kept.said ?? fromEnvironment, fromEnvironment])) {
      if (url === current() || (await disprove(url)) !== null) continue
      return write({ url })
    }
  }

  const notKept = (error: unknown): void => log.error({ err: error }, 'where the primary is could not be kept')

  return {
    current,

    /** How a call at the current URL went: with a primary that says who it is, or without an answer that is of use. */
    answered(id: string | null): void {
      failingSince = null
      if (id !== null && kept.primaryId !== id) void inTurn(async () => write({ primaryId: id })).catch(notKept)
    },
    failed(): void {
      const now = clock.now().getTime()
      failingSince ??= now
      if (now - failingSince < tryOthersMs) return
      failingSince = now
      void inTurn(tryOthers).catch(notKept)
    },

    /** Somebody says that it is there now. Believed when it takes this node's call there. @returns why not, in words; null when it holds */
    move: (url: string): Promise<string | null> => inTurn(() => move(url)),

    /** What the primary's settings say, at every sync: news only when it is another one than before. @returns as `move` does */
    heard: (url: string): Promise<string | null> => inTurn(async () => (url === kept.said ? null : move(url))),
  }
}
