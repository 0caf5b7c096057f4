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

/** What may have to be written for one change of an app, in bytes. */
const trialBytes = 256 * 1024
/** Whoever asks whether this node is ready gets an answer that is no older than this. */
const freshMs = 1000
/** A database that is locked for longer than this is not ready for anybody. */
const trialDeadlineMs = 1000

export type Storage = ReturnType<typeof createStorage>

/**
 * Whether this node can save anything: learnt from every write that fails, and looked at again until it can. Only reading it costs
 * nothing, so health checks and lists never wait for a disk.
 */
export function createStorage(deps: {
  /** The data folder first; the others may not exist yet. */
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
      for (const folder of deps.folders) await tryFolder(existing(folder))
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
    /** Null when all is well, as far as is known now. */
    problem: (): StorageProblem | null => problem,

    /** Something could not be read or written. */
    failed: note,

    /** The database is open: this writes to it, and leaves it as it was. */
    open(write: () => Promise<void>): void {
      tryDatabase = write
    },

    /** Looks now, unless it has just done so. */
    async look(): Promise<StorageProblem | null> {
      await look()
      return problem
    },

    /** Called every few seconds. While all is well the database is left alone. */
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

/** A folder that is not there yet is made on the disk of the one above it. */
const existing = (folder: string): string => (existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder)))

/** The numbers of a file system are not the whole truth: quotas and reserves are known only to a write. */
async function tryFolder(folder: string): Promise<void> {
  if (!(await isFull(folder))) return
  const path = join(folder, `.selfhostly-trial-${process.pid}`)
  try {
    await writeFile(path, Buffer.alloc(trialBytes), { mode: 0o600 })
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
