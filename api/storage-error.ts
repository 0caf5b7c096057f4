import { AppError } from './errors.ts'

const full = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT', 'EFBIG'])
const failed = new Set(['EIO', 'EROFS', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_CANTOPEN', 'SQLITE_READONLY', 'SQLITE_IOERR'])

export const diskFull = (cause?: unknown): AppError =>
  new AppError('STORAGE_FULL', "This node's disk is full, so nothing can be saved. Free some space. No restart is needed", {
    cause,
  })

export const databaseBusy = (cause?: unknown): AppError =>
  new AppError(
    'STORAGE_UNAVAILABLE',
    "Another program, such as a backup or a database shell, has locked this node's database, so nothing was saved. Try again when it is done",
    { cause },
  )

/**
 * Turns an SQLite or file error that is caused by the disk into an error for callers; undefined for any other error.
 * SQLite's extended codes have a second part, such as SQLITE_IOERR_WRITE.
 */
export function storageError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error.code.startsWith('STORAGE_') ? error : undefined
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const kind = code.startsWith('SQLITE_') ? code.split('_', 2).join('_') : code
  if (full.has(kind)) return diskFull(error)
  if (kind === 'SQLITE_BUSY' || kind === 'SQLITE_LOCKED') return databaseBusy(error)
  if (!failed.has(kind)) return undefined
  return new AppError(
    'STORAGE_UNAVAILABLE',
    `This node's disk cannot be used, so nothing was saved: ${(error as Error).message} (${code}). Check the disk and the system log`,
    { cause: error },
  )
}
