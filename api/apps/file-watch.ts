import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AppFiles } from './app-files.ts'
import type { FoundCompose } from './compose-on-disk.ts'
import { createFolderWatches, type FolderWatches } from './folder-watches.ts'
import { digestOnDisk } from './versions/files-on-disk.ts'
import type { RecordedFiles } from './versions/recorded-files.ts'

/** An editor writes and renames several times for one save. One check covers them all. */
const burstMs = 100
/** For folders that cannot be watched (network disks, too many watches) or were replaced. A check reads at most the app's own files. */
const lookEveryMs = 60_000

interface Followed {
  watches: FolderWatches
  /** Digest of the Compose file on disk, or why it cannot be read. Undefined until the first check; null while there is no file. */
  seen?: string | null
  /** Which of a version's further files were different or missing at the last check. */
  changed: { version: number; paths: string[] }
  /** From the app's record. */
  recorded?: { content: string; digest: string }
  /** This program's newest write, while it is in progress. */
  writing?: Promise<void> | undefined
  /** How many writes there were. */
  writes: number
  cancelLook?: (() => void) | undefined
}

export type FileWatch = ReturnType<typeof createFileWatch>

/**
 * Notices changes to the apps' files on disk. Watches their folders and also checks them once a minute, because watching can fail.
 * Keeps only digests.
 */
export function createFileWatch(deps: {
  files: AppFiles
  clock: Clock
  log: Log
  /** What the further files of an app's current version hold. */
  recordedOf: (name: string) => Promise<RecordedFiles>
  onChange: (name: string) => void
}) {
  const { files, clock, log } = deps
  const followed = new Map<string, Followed>()
  let stopLooking: (() => void) | undefined

  function follow(name: string): void {
    if (followed.has(name)) return
    const watches = createFolderWatches({
      onEvent: () => soon(name),
      onFailed: (error) =>
        log.debug({ app: name, error: errorMessage(error) }, 'a folder cannot be watched, so it is checked every minute'),
    })
    followed.set(name, { watches, writes: 0, changed: { version: 0, paths: [] } })
  }

  function soon(name: string): void {
    const entry = followed.get(name)
    if (!entry) return
    entry.cancelLook ??= clock.after(burstMs, () => {
      entry.cancelLook = undefined
      void watchAndLook(name, entry)
    })
  }

  /** Reads when nothing is being written: between writing the files and the record, they would always differ. */
  async function whenWritten<T>(name: string, read: () => Promise<T>): Promise<T> {
    const entry = followed.get(name)
    await entry?.writing
    const writes = entry?.writes
    const found = await read()
    return entry && (entry.writing || entry.writes !== writes) ? whenWritten(name, read) : found
  }

  async function look(name: string): Promise<FoundCompose | null> {
    const onDisk = await whenWritten(name, () => files.compose(name))
    const entry = followed.get(name)
    if (!entry) return onDisk
    const seen = onDisk ? (onDisk.content === null ? `unreadable: ${onDisk.problem}` : digestOf(onDisk.content)) : null
    const isNew = seen !== entry.seen
    entry.seen = seen
    if (isNew) deps.onChange(name)
    return onDisk
  }

  async function lookAtOthers(name: string, entry: Followed): Promise<void> {
    const changed = await whenWritten(name, async () => {
      const { version, files: recorded } = await deps.recordedOf(name)
      const paths: string[] = []
      for (const { path, digest } of recorded) if ((await digestOnDisk(files.directoryOf(name), path)) !== digest) paths.push(path)
      return { version, paths }
    })
    const isNew = JSON.stringify(changed) !== JSON.stringify(entry.changed)
    entry.changed = changed
    if (isNew && followed.get(name) === entry) deps.onChange(name)
  }

  /** Watches the current folders before it checks, so no change in between is missed. */
  async function watchAndLook(name: string, entry: Followed): Promise<void> {
    try {
      const { files: recorded } = await deps.recordedOf(name)
      if (followed.get(name) !== entry) return
      await entry.watches.set(files.directoryOf(name), [files.fileOf(name), ...recorded.map(({ path }) => path)])
      if (followed.get(name) !== entry) return entry.watches.close()
      await look(name)
      if (recorded.length > 0 || entry.changed.paths.length > 0) await lookAtOthers(name, entry)
    } catch (error) {
      log.warn({ app: name, error: errorMessage(error) }, "an app's files on disk cannot be checked")
    }
  }

  async function lookAtAll(): Promise<void> {
    for (const [name, entry] of [...followed]) await watchAndLook(name, entry)
  }

  function lookAgainLater(): void {
    stopLooking = clock.after(lookEveryMs, () => void lookAtAll().then(() => stopLooking && lookAgainLater()))
  }

  return {
    start(names: string[]): void {
      names.forEach(follow)
      lookAgainLater()
      void lookAtAll()
    },
    stop(): void {
      stopLooking?.()
      stopLooking = undefined
      for (const name of [...followed.keys()]) this.forget(name)
    },
    follow,
    forget(name: string): void {
      const entry = followed.get(name)
      entry?.watches.close()
      entry?.cancelLook?.()
      followed.delete(name)
    },

    /** Reads the Compose file now. */
    look,
    whenWritten,

    /** Runs a change to both the files and the app's record, without reporting a difference in between. */
    async during<T>(name: string, change: () => Promise<T>): Promise<T> {
      const entry = followed.get(name)
      if (!entry) return change()
      const { promise: writing, resolve: written } = Promise.withResolvers<void>()
      entry.writing = writing
      entry.writes += 1
      try {
        return await change()
      } finally {
        if (entry.writing === writing) entry.writing = undefined
        written()
        await watchAndLook(name, entry)
      }
    },

    /** Whether the Compose file was missing or different at the last check. */
    differs(name: string, content: string): boolean {
      const entry = followed.get(name)
      if (entry?.seen === undefined || entry.writing) return false
      if (entry.recorded?.content !== content) entry.recorded = { content, digest: digestOf(content) }
      return entry.seen !== entry.recorded.digest
    },

    /** Which further files of this version were missing or different at the last check. */
    changedFiles(name: string, version: number): string[] {
      const entry = followed.get(name)
      return entry && !entry.writing && entry.changed.version === version ? entry.changed.paths : []
    },
  }
}

const digestOf = (content: string): string => createHash('sha256').update(content).digest('base64')
