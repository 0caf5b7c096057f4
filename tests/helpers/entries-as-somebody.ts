import { entriesOf } from '../../api/apps/folder-entries.ts'

// Lists a folder as a user who is not root. Loaded before, because that user may not be allowed to read this.
if (process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setgid?.(65534)
  process.setuid?.(65534)
}
process.send?.(await entriesOf(process.argv[2] ?? ''))
