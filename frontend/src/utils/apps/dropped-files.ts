export interface Upload {
  /** With the names of the dropped folders. */
  path: string
  file: File
}

/** More than an app can have, so that a dropped folder of thousands ends. */
const most = 200

/** All files that were dropped, those in folders included. */
export async function droppedFiles(transfer: DataTransfer): Promise<Upload[]> {
  // Before the first wait, because the list is emptied then.
  const dropped = [...transfer.items].filter(({ kind }) => kind === 'file').map((item) => item.webkitGetAsEntry() ?? item.getAsFile())
  const found: Upload[] = []
  for (const each of dropped) {
    if (each instanceof File) found.push({ path: each.name, file: each })
    else if (each) await collect(each, found)
  }
  return found
}

/** Files from a file dialog. */
export const chosenFiles = (files: Iterable<File>): Upload[] =>
  [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }))

async function collect(entry: FileSystemEntry, found: Upload[]): Promise<void> {
  if (found.length >= most) return
  if (isFile(entry)) found.push({ path: entry.fullPath.replace(/^\//, ''), file: await fileOf(entry) })
  else if (isFolder(entry)) for (const each of await entriesOf(entry)) await collect(each, found)
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory
const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject))

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const entries: FileSystemEntry[] = []
  // Each call returns at most 100.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return entries
    entries.push(...some)
  }
}
