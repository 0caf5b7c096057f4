import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from './clock.ts'
import { isFull } from './disk-space.ts'
import { databaseBusy, storageError } from './storage-error.ts'
import type { AppError } from './errors.ts'
import type { Log } from './log.ts'

/** Why nothing can be saved, and since when. */
export interface StorageProblem {
  reason: string
  since: Date
}

/** In bytes: as much as one change to an app can write. */
const trialBytes = 256 * 1024
/** The readiness answer is never older than this. */
const freshMs = 1000
/** A database that stays locked longer than this counts as not ready. */
const trialDeadlineMs = 1000

export type Storage = ReturnType<typeof createStorage>

/**
 * Tracks whether this node can save anything. Every failed write is noted, and the disk is checked again until writing works.
 * Reading the state costs nothing, so health checks and lists never wait for a disk.
 */
export function createStorage(deps: {
  /** The data folder comes first. The others may not exist yet. */
  folders: readonly string[]
  clock: Clock
  log: Log
}) {
  const { clock, log } = deps
  const listeners = new Set<() => void>()
  let problem: StorageProblem | null = null
  let tryDatabase: () => Promise<void> = () => Promise.resolve()
  let trial: { at: number; done: Promise<void> } | null = null

  function note(error: AppError | null): void {
    const reason = error?.message ?? null
    if (reason === (problem?.reason ?? null)) return
    if (error) log.error({ reason, error: causeOf(error) }, 'nothing can be saved')
    else log.info('saving works again')
    problem = reason === null ? null : { reason, since: problem?.since ?? clock.now() }
    for (const listener of listeners) listener()
  }

  async function tryAll(): Promise<void> {
    try {
      for (const folder of deps.folders) await tryFolder(existing(folder), { always: problem !== null })
      await withinDeadline(clock, tryDatabase())
      note(null)
    } catch (error) {
      const known = storageError(error)
      if (!known) throw error
      note(known)
    }
  }

  function look(): Promise<void> {
    const now = performance.now()
    if (!trial || now - trial.at > freshMs) trial = { at: now, done: tryAll() }
    return trial.done
  }

  return {
    /** Null if no problem is known. */
    problem: (): StorageProblem | null => problem,

    /** Reports that something could not be read or written. */
    failed: note,

    /** Call when the database is open. `write` must try a write that changes nothing. */
    open(write: () => Promise<void>): void {
      tryDatabase = write
    },

    /** Checks now, unless the last check was less than a second ago. */
    async look(): Promise<StorageProblem | null> {
      await look()
      return problem
    },

    /** Called every few seconds. Tries the database only if there is a problem or little space. */
    async tick(): Promise<void> {
      const low = await Promise.all(deps.folders.map((folder) => isFull(existing(folder))))
      if (problem || low.includes(true)) await look()
    },

    onChange(listener: () => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

const causeOf = ({ cause, message }: AppError): string => (cause instanceof Error ? cause.message : message)

/** A missing folder will be created on the same disk as its parent. */
const existing = (folder: string): string => (existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder)))

/**
 * File system numbers are not enough: quotas and reserved space show only when something is written. So once a write has failed,
 * only one that works shows that there is room again.
 */
async function tryFolder(folder: string, { always }: { always: boolean }): Promise<void> {
  if (!always && !(await isFull(folder))) return
  const path = join(folder, `.selfhostly-trial-${process.pid}`)
  try {
    await writeFile(path, Buffer.alloc(trialBytes), { mode: 0o600 })
  } catch (error) {
    // A folder where this user must not write says nothing about the disk.
    if (storageError(error)) throw error
  } finally {
    await rm(path, { force: true })
  }
}

/** @throws STORAGE_UNAVAILABLE */
async function withinDeadline(clock: Clock, work: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<void>()
  const cancel = clock.after(trialDeadlineMs, () => reject(databaseBusy()))
  try {
    await Promise.race([work, late])
  } finally {
    cancel()
    work.catch(() => undefined)
  }
}
