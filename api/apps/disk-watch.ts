import { createHash } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { composeFile, type AppFiles } from './app-files.ts'
import type { FoundCompose } from './compose-on-disk.ts'

/** An editor writes, renames and writes again: one look answers for all of it. */
const burstMs = 100
/** For folders that cannot be watched (network disks, too many watches) or were put in another's place. A look is one small read. */
const lookEveryMs = 60_000

interface Followed {
  /** Undefined until the first look; null while there is no file. */
  seen?: string | null
  /** Of the app's record. */
  recorded?: { content: string; digest: string }
  /** The newest write of this program, while it is under way. */
  writing?: Promise<void> | undefined
  /** Of the folder that `watcher` watches. */
  inode?: number | undefined
  watcher?: FSWatcher
  cancelLook?: (() => void) | undefined
}

export type DiskWatch = ReturnType<typeof createDiskWatch>

/**
 * What the Compose files of this node's apps are on disk, noticed as it changes: their folders are watched, and looked at
 * once a minute, because watching may fail. Of a file only a digest is kept.
 */
export function createDiskWatch(deps: { files: AppFiles; clock: Clock; log: Log; onChange: (name: string) => void }) {
  const { files, clock, log } = deps
  const followed = new Map<string, Followed>()
  let stopLooking: (() => void) | undefined

  /** After a write that is under way: between the file and the record every look would see a difference. */
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

  /** Watches the folder that is there now, then looks, so that nothing can change between. */
  async function watchAndLook(name: string, entry: Followed): Promise<void> {
    try {
      await rewatch(name, entry)
      await look(name)
    } catch (error) {
      log.warn({ app: name, error: errorMessage(error) }, 'the Compose file of an app cannot be looked at')
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
        // The folder may also hold data that is written all the time: of that nothing but the name is looked at.
        if (file !== null && file !== composeFile) return
        entry.cancelLook ??= clock.after(burstMs, () => {
          entry.cancelLook = undefined
          void watchAndLook(name, entry)
        })
      }).on('error', () => entry.watcher?.close())
    } catch (error) {
      log.debug({ app: name, error: errorMessage(error) }, 'the folder of an app cannot be watched; it is looked at every minute')
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

    /** What is there now. */
    look,

    /** Runs a change of both the file and the app's record; between the two nobody is told that they differ. */
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

    /** Whether the file was other than this, or not there, when it was last looked at. */
    differs(name: string, content: string): boolean {
      const entry = followed.get(name)
      if (entry?.seen === undefined || entry.writing) return false
      if (entry.recorded?.content !== content) entry.recorded = { content, digest: digestOf(content) }
      return entry.seen !== entry.recorded.digest
    },
  }
}

const digestOf = (content: string): string => createHash('sha256').update(content).digest('base64')
