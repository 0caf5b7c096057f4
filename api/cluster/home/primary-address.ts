import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { oneAtATime } from '../../one-at-a-time.ts'
import { readOrMakePrivateFile, replacePrivateFile } from '../../private-file.ts'

/** Longer than a restart takes. After this long without an answer, and this often, the other known URLs are tried. */
const tryOthersMs = 20_000

const keptForm = z.object({
  /** The URL in use. */
  url: z.string(),
  /** The URL the primary last announced. Differs from `url` if it did not answer there yet, or if PRIMARY_NODE_URL changed since. */
  said: z.string().nullable(),
  /** PRIMARY_NODE_URL at that time. If it changes, the new value wins. */
  insteadOf: z.string(),
  primaryId: z.guid().nullable(),
})
type Kept = z.infer<typeof keptForm>

export type PrimaryAddress = ReturnType<typeof createPrimaryAddress>

/**
 * The URL of this node's primary, and its only writer: PRIMARY_NODE_URL, until the primary announces another URL and accepts
 * this node's call there. The new URL is kept in the data folder until PRIMARY_NODE_URL changes. If the URL in use does not
 * answer for some time, the other known ones are tried, and used only if the same primary answers there.
 */
export function createPrimaryAddress(deps: {
  fromEnvironment: string
  dataDir: string
  /** Calls the primary at this URL. @returns its id, or null if it does not report one @throws Error with the reason when it does not accept the call */
  prove: (url: string) => Promise<string | null>
  onChange: () => void
  clock: Clock
  log: Log
}) {
  const { fromEnvironment, clock, log } = deps
  const path = join(deps.dataDir, 'primary.json')
  let kept = read()
  let failingSince: number | null = null
  const queued = oneAtATime()

  const current = (): string => kept.url

  function read(): Kept {
    const nothing: Kept = { url: fromEnvironment, said: null, insteadOf: fromEnvironment, primaryId: null }
    try {
      const found = keptForm.safeParse(JSON.parse(readOrMakePrivateFile(path, () => '{}\n'))).data ?? nothing
      // If PRIMARY_NODE_URL has changed since, it may point to another primary.
      return found.insteadOf === fromEnvironment ? found : { ...nothing, said: found.said }
    } catch (error) {
      log.warn({ error: errorMessage(error) }, "cannot read the primary's new URL, using PRIMARY_NODE_URL")
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

  /** Why the primary is not at this URL. Null if it is. */
  async function disprove(url: string): Promise<string | null> {
    try {
      const id = await deps.prove(url)
      return kept.primaryId !== null && id !== kept.primaryId ? `another primary answers at ${url}` : null
    } catch (error) {
      return errorMessage(error)
    }
  }

  /** Keeps the announced URL even if the primary does not answer there yet: it may once the old URL stops working. */
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

  const notKept = (error: unknown): void => log.error({ err: error }, "could not save the primary's URL")

  return {
    current,

    /** Call when the primary answered at the current URL. @param id null if it did not report one */
    answered(id: string | null): void {
      failingSince = null
      if (id !== null && kept.primaryId !== id) void queued(async () => write({ primaryId: id })).catch(notKept)
    },
    /** Call when the current URL gave no usable answer. */
    failed(): void {
      const now = clock.now().getTime()
      failingSince ??= now
      if (now - failingSince < tryOthersMs) return
      failingSince = now
      void queued(tryOthers).catch(notKept)
    },

    /** Moves to `url` if the primary accepts this node's call there. @returns why not, or null if it moved */
    move: (url: string): Promise<string | null> => queued(() => move(url)),

    /** Takes the URL from the primary's settings, at every sync. Does nothing unless it changed. @returns as `move` does */
    heard: (url: string): Promise<string | null> => queued(async () => (url === kept.said ? null : move(url))),
  }
}
