import { entriesOf } from '../../api/apps/folder-entries.ts'

// Lists a folder as a user other than root. Imported first, because that user may not be able to read this file.
if (process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setgid?.(65534)
  process.setuid?.(65534)
}
process.send?.(await entriesOf(process.argv[2] ?? ''))
