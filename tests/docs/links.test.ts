import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import test from 'ava'

const root = join(import.meta.dirname, '../..')

const pages = [root, join(root, 'docs'), join(root, 'docs/decisions')].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
)

/** The page without its code blocks, where brackets are not links. */
const proseOf = (page: string): string => readFileSync(page, 'utf8').replace(/^```[^]*?^```/gm, '')

/** The anchors that GitHub makes from headings. */
const anchorsOf = (page: string): string[] =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

for (const page of pages) {
  test(`${relative(root, page)} has no broken links`, (t) => {
    for (const [, link = ''] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      t.true(existsSync(target), link)
      if (anchor) t.true(anchorsOf(target).includes(anchor), link)
    }
    t.pass()
  })
}

test('the map in docs/architecture.md names only files and folders that exist', (t) => {
  const map = /^## The map\s+```\n([^]*?)^```/m.exec(readFileSync(join(root, 'docs/architecture.md'), 'utf8'))?.[1] ?? ''
  const lines = map.split('\n').filter(Boolean)
  t.true(lines.length > 30)
  const folders: { indent: number; path: string }[] = []
  for (const line of lines) {
    const indent = line.search(/\S/)
    const names = /^((?:\S+\.\w+|\S+\/)(?: (?:\S+\.\w+))*)(?:  |$)/.exec(line.trimStart())?.[1]?.split(' ') ?? []
    t.true(names.length > 0, `no name in: ${line}`)
    while (folders.length > 0 && (folders.at(-1)?.indent ?? 0) >= indent) folders.pop()
    // A folder's files are listed below it, whatever their indent.
    const parent = folders.at(-1)?.path ?? ''
    for (const name of names) t.true(existsSync(join(root, parent, name)), join(parent, name))
    if (names[0]?.endsWith('/')) folders.push({ indent, path: join(parent, names[0]) })
  }
})
