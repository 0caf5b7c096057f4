import { AppError } from './errors.ts'

const full = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT', 'EFBIG'])
const failed = new Set(['EIO', 'EROFS', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_CANTOPEN', 'SQLITE_READONLY', 'SQLITE_IOERR'])

export const diskFull = (cause?: unknown): AppError =>
  new AppError('STORAGE_FULL', 'The disk of this node is full, so nothing can be saved. Free some space on it; a restart is not needed', {
    cause,
  })

export const databaseBusy = (cause?: unknown): AppError =>
  new AppError(
    'STORAGE_UNAVAILABLE',
    'Another program keeps the database of this node locked, such as a backup or a database shell, so nothing was saved. Try again when it is done',
    { cause },
  )

/**
 * An error of SQLite or of a file that comes from the disk and not from a bug, in words for callers; undefined for any other.
 * SQLite's codes have a second half that says more, such as SQLITE_IOERR_WRITE.
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
    `The disk of this node cannot be used, so nothing was saved: ${(error as Error).message} (${code}). Look at the disk and at the log of the system`,
    { cause: error },
  )
}
