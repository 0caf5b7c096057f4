import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import { createEventHub } from '../events.ts'
import type { Log } from '../log.ts'
import { makeBackup, type BackupSource } from './make-backup.ts'
import type { Manifest } from './manifest.ts'

export interface BackupFile {
  name: string
  sizeBytes: number
  madeAt: Date
}

/** What is known of this node's backups. */
export interface BackupState extends BackupSummary {
  folder: string
  /** Newest first. */
  files: BackupFile[]
}

export interface BackupSummary {
  /** Since when one is made; null when none is. */
  runningSince: Date | null
  /** Why the last one could not be made, and since when none can; null if it was, or since none was tried in this run of the program. */
  failure: { at: Date; since: Date; reason: string } | null
  /** When the next one is due; null without BACKUP_SCHEDULE. */
  nextAt: Date | null
}

export type Backups = ReturnType<typeof createBackups>

const stamp = (at: Date): string => at.toISOString().replaceAll(/[:.]/g, '-')

/** Begins a backup's name, so that nodes can share a folder and each removes only its own. */
const prefixOf = ({ id, name }: Manifest['node']): string => `selfhostly-${name.replace(/[^\w.-]+/g, '-').slice(0, 40)}-${id.slice(0, 8)}-`

/** A backup's usual place. */
export const usualName = (node: Manifest['node'], now: Date): string => `${prefixOf(node)}${stamp(now)}.tar.gz`

/** This node's backups in one folder: made one at a time, the oldest removed. */
export function createBackups(deps: {
  source: () => BackupSource
  folder: string
  /** How many are kept. */
  most: number
  /** The first time of the schedule after another; null without one. */
  next: (after: Date) => Date | null
  clock: Clock
  log: Log
}) {
  const { folder, clock, log } = deps
  let runningSince: Date | null = null
  let failure: BackupState['failure'] = null
  let nextAt: Date | null = null
  const ending = new AbortController()
  const events = createEventHub<{ changed: undefined }>()
  let making: Promise<void> = Promise.resolve()

  async function files(): Promise<BackupFile[]> {
    const prefix = prefixOf(deps.source().node)
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefix) && name.endsWith('.tar.gz'))
    const found = await Promise.all(
      names.map(async (name) => {
        const facts = await stat(join(folder, name)).catch(() => null)
        return facts ? [{ name, sizeBytes: facts.size, madeAt: facts.mtime }] : []
      }),
    )
    return found.flat().toSorted((a, b) => b.madeAt.getTime() - a.madeAt.getTime())
  }

  /** What a killed program left behind. */
  async function removeHalves(): Promise<void> {
    const prefix = prefixOf(deps.source().node)
    const names = await readdir(folder).catch(() => [])
    const halves = names.filter((name) => name.startsWith(`.${prefix}`) || (name.startsWith(prefix) && name.endsWith('.part')))
    for (const name of halves) await rm(join(folder, name), { recursive: true, force: true })
  }

  const summary = (): BackupSummary => ({ runningSince, failure, nextAt })

  function make(): Promise<void> {
    if (runningSince) return Promise.reject(new AppError('CONFLICT', 'A backup is being made already. Wait until it is done'))
    making = makeOne(clock.now())
    return making
  }

  async function makeOne(now: Date): Promise<void> {
    runningSince = now
    events.emit('changed', undefined)
    try {
      const source = deps.source()
      const path = join(folder, usualName(source.node, now))
      const { leftOut } = await makeBackup(source, { path, now, signal: ending.signal })
      failure = null
      log.info({ backup: path, left_out: leftOut.length }, 'backup made')
      // Only after a new one is there, so that a full disk never takes the last.
      for (const { name } of (await files()).slice(deps.most)) await rm(join(folder, name), { force: true })
    } catch (error) {
      // One that is cut off by the end of the program is made up for at the next start.
      if (!ending.signal.aborted) failure = { at: clock.now(), since: failure?.since ?? clock.now(), reason: errorMessage(error) }
      throw error
    } finally {
      runningSince = null
      events.emit('changed', undefined)
    }
  }

  return {
    state: async (): Promise<BackupState> => ({ ...summary(), folder, files: await files() }),
    summary,
    /** One begins or ends. */
    onChange: (listener: () => void) => events.on('changed', listener),

    /** How those by schedule go; null while the first one since the start is due or being made, so that nothing is known yet. */
    health(): { problem: { reason: string; since: Date } | null } | null {
      if (nextAt === null) return { problem: null }
      if (failure) return { problem: { reason: failure.reason, since: failure.since } }
      return runningSince === null && clock.now() < nextAt ? { problem: null } : null
    },

    /** A time that passed while the program was not running is made up for. */
    async start(): Promise<void> {
      await removeHalves()
      const [newest] = await files()
      nextAt = deps.next(newest?.madeAt ?? clock.now())
    },

    /** Called every few seconds. @throws what a backup that was due failed with; the next one comes at its time */
    async tick(): Promise<void> {
      if (!nextAt || clock.now() < nextAt || runningSince) return
      nextAt = deps.next(clock.now())
      await make()
    },

    /** Resolves when it is made. @throws CONFLICT while another is being made */
    make,

    /** Ends one that is being made: it leaves no file. */
    async stop(): Promise<void> {
      ending.abort(new AppError('SHUTTING_DOWN', 'This node was stopped'))
      await making.catch(() => undefined)
    },
  }
}
