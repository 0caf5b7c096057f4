export interface TarEntry {
  path: string
  /** Content of a regular file. Absent for folders and links. */
  content?: Buffer | string
  /** Makes the entry a symbolic link. */
  linkTo?: string
  mode?: number
}

const blockSize = 512

/** A POSIX ustar archive. Times and owners are zero, so the same entries always give the same bytes. */
export function tar(entries: TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(toBlocks), Buffer.alloc(2 * blockSize)])
}

function toBlocks(entry: TarEntry): Buffer[] {
  const content = Buffer.from(entry.content ?? '')
  const padding = Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize)
  return [header(entry, content.length), content, padding]
}

/** Field offsets: pax(1), "ustar Interchange Format". */
function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(blockSize)
  const octal = (value: number, offset: number, length: number): number =>
    block.write(value.toString(8).padStart(length - 1, '0'), offset, 'ascii')
  const isFolder = entry.path.endsWith('/')
  block.write(entry.path, 0, 100)
  octal(entry.mode ?? 0o755, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.write('        ', 148)
  block.write(isFolder ? '5' : entry.linkTo ? '2' : '0', 156)
  block.write(entry.linkTo ?? '', 157, 100)
  block.write('ustar\u000000', 257, 'latin1')
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  )
  return block
}
