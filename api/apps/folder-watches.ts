import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A system has a limited number of watches for all programs. Files in further folders are noticed by the regular look. */
const mostFolders = 32

interface Watched {
  inode: number
  watcher: FSWatcher
}

export type FolderWatches = ReturnType<typeof createFolderWatches>

/**
 * Watches the folders of some files. Other files there are ignored by name, because a folder can also hold data that is written all
 * the time.
 */
export function createFolderWatches({ onEvent, onFailed }: { onEvent: () => void; onFailed: (error: unknown) => void }) {
  const watched = new Map<string, Watched>()
  let names = new Map<string, Set<string>>()

  function forget(folder: string): void {
    watched.get(folder)?.watcher.close()
    watched.delete(folder)
  }

  async function watchFolder(directory: string, folder: string): Promise<void> {
    const path = join(directory, folder)
    const inode = await stat(path).then(
      ({ ino }) => ino,
      () => undefined,
    )
    // A new folder in place of the old one is another to watch.
    if (inode === watched.get(folder)?.inode) return
    forget(folder)
    if (inode === undefined) return
    try {
      const watcher = watch(path, { persistent: false }, (_, file) => {
        if (file === null || names.get(folder)?.has(file)) onEvent()
      })
      watcher.on('error', () => watcher.close())
      watched.set(folder, { inode, watcher })
    } catch (error) {
      onFailed(error)
    }
  }

  return {
    /** Watches these files, whose paths are relative to the directory, and nothing else. */
    async set(directory: string, paths: string[]): Promise<void> {
      names = namesByFolder(paths)
      const folders = [...names.keys()].slice(0, mostFolders)
      for (const folder of watched.keys()) if (!folders.includes(folder)) forget(folder)
      for (const folder of folders) await watchFolder(directory, folder)
    },

    close(): void {
      names = new Map()
      for (const folder of [...watched.keys()]) forget(folder)
    },
  }
}

/** What to look for in each folder on the way to a file, the top one first. */
function namesByFolder(paths: string[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>()
  for (const path of paths) {
    const parts = path.split('/')
    for (const [depth, part] of parts.entries()) {
      const folder = parts.slice(0, depth).join('/')
      const known = names.get(folder) ?? new Set()
      names.set(folder, known.add(part))
    }
  }
  return names
}
