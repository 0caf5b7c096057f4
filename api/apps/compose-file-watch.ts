import { createHash } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AppFiles } from './app-files.ts'
import type { FoundCompose } from './compose-on-disk.ts'

/** An editor writes and renames several times for one save. One check covers them all. */
const burstMs = 100
/** For folders that cannot be watched (network disks, too many watches) or were replaced. A check is one small read. */
const lookEveryMs = 60_000

interface Followed {
  /** Digest of the file on disk, or why it cannot be read. Undefined until the first check; null while there is no file. */
  seen?: string | null
  /** From the app's record. */
  recorded?: { content: string; digest: string }
  /** This program's newest write, while it is in progress. */
  writing?: Promise<void> | undefined
  /** Inode of the folder that `watcher` watches. */
  inode?: number | undefined
  watcher?: FSWatcher
  cancelLook?: (() => void) | undefined
}

export type ComposeFileWatch = ReturnType<typeof createComposeFileWatch>

/**
 * Notices changes to the apps' Compose files on disk. Watches their folders and also checks them once a minute, because watching
 * can fail. Keeps only a digest of each file.
 */
export function createComposeFileWatch(deps: { files: AppFiles; clock: Clock; log: Log; onChange: (name: string) => void }) {
  const { files, clock, log } = deps
  const followed = new Map<string, Followed>()
  let stopLooking: (() => void) | undefined

  /** Waits for a write in progress: between writing the file and the record, they would always differ. */
  async function look(name: string): Promise<FoundCompose | null> {
    await followed.get(name)?.writing
    const onDisk = await files.compose(name)
    const entry = followed.get(name)
    if (!entry) return onDisk
    if (entry.writing) return look(name)
    const seen = onDisk ? (onDisk.content === null ? `unreadable: ${onDisk.problem}` : digestOf(onDisk.content)) : null
    const isNew = seen !== entry.seen
    entry.seen = seen
    if (isNew) deps.onChange(name)
    return onDisk
  }

  /** Watches the current folder before it checks, so no change in between is missed. */
  async function watchAndLook(name: string, entry: Followed): Promise<void> {
    try {
      await rewatch(name, entry)
      await look(name)
    } catch (error) {
      log.warn({ app: name, error: errorMessage(error) }, "an app's Compose file cannot be checked")
    }
  }

  async function rewatch(name: string, entry: Followed): Promise<void> {
    const directory = files.directoryOf(name)
    const inode = await stat(directory).then(
      ({ ino }) => ino,
      () => undefined,
    )
    if (inode === entry.inode || followed.get(name) !== entry) return
    entry.watcher?.close()
    entry.inode = inode
    if (inode === undefined) return
    try {
      entry.watcher = watch(directory, { persistent: false }, (_, file) => {
        // The folder can also hold data that is written all the time, so other files are ignored by name.
        if (file !== null && file !== files.fileOf(name)) return
        entry.cancelLook ??= clock.after(burstMs, () => {
          entry.cancelLook = undefined
          void watchAndLook(name, entry)
        })
      }).on('error', () => entry.watcher?.close())
    } catch (error) {
      log.debug({ app: name, error: errorMessage(error) }, "an app's folder cannot be watched, so it is checked every minute")
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
      for (const name of names) followed.set(name, {})
      lookAgainLater()
      void lookAtAll()
    },
    stop(): void {
      stopLooking?.()
      stopLooking = undefined
      for (const name of [...followed.keys()]) this.forget(name)
    },
    follow(name: string): void {
      if (!followed.has(name)) followed.set(name, {})
    },
    forget(name: string): void {
      const entry = followed.get(name)
      entry?.watcher?.close()
      entry?.cancelLook?.()
      followed.delete(name)
    },

    /** Reads the file now. */
    look,

    /** Runs a change to both the file and the app's record, without reporting a difference in between. */
    async during<T>(name: string, change: () => Promise<T>): Promise<T> {
      const entry = followed.get(name)
      if (!entry) return change()
      const { promise: writing, resolve: written } = Promise.withResolvers<void>()
      entry.writing = writing
      try {
        return await change()
      } finally {
        if (entry.writing === writing) entry.writing = undefined
        written()
        await watchAndLook(name, entry)
      }
    },

    /** Whether the file was missing or different at the last check. */
    differs(name: string, content: string): boolean {
      const entry = followed.get(name)
      if (entry?.seen === undefined || entry.writing) return false
      if (entry.recorded?.content !== content) entry.recorded = { content, digest: digestOf(content) }
      return entry.seen !== entry.recorded.digest
    },
  }
}

const digestOf = (content: string): string => createHash('sha256').update(content).digest('base64')
