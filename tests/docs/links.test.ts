import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
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
    for (const [, link = ''] of proseOf(page).matchAll(/(?:\]\(|src(?:set)?=")([^)"\s]+)[)"]/g)) {
      if (/^https?:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      t.true(existsSync(target), link)
      if (anchor) t.true(anchorsOf(target).includes(anchor), link)
    }
    t.pass()
  })
}

const architecture = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
/** The folders right under this one. */
const foldersIn = (folder: string): string[] => [
  ...new Set(globSync(`${folder}/*/**/*.ts`, { cwd: root }).map((path) => `${folder}/${path.split('/')[folder.split('/').length]}/`)),
]

test('docs/architecture.md has a paragraph for every room', (t) => {
  const rooms = [...foldersIn('api'), ...foldersIn('api/cluster')]
  t.true(rooms.length > 15)
  t.deepEqual(
    rooms.filter((room) => !architecture.includes(`\n**\`${room}\`**`)),
    [],
  )
})

test('docs/architecture.md names only files and folders that exist', (t) => {
  const files = globSync(['api/**/*', 'schema/*', 'frontend/src/**/*', 'tests/**/*', 'docs/*', 'scripts', 'docker'], { cwd: root }).map(
    (path) => `/${path}`,
  )
  const named = [...architecture.matchAll(/`([\w./*<>-]+)`/g)].flatMap(([, name = '']) => name)
  const paths = named.filter((name) => /\.(ts|md|example)$|\/$/.test(name) && !/^\/|</.test(name))
  t.true(paths.length > 60)
  const exists = (name: string): boolean => {
    const path = name.replace(/\/$/, '')
    const [before = '', after] = path.split('*')
    if (existsSync(join(root, path))) return true
    return files.some((file) => (after === undefined ? file.endsWith(`/${path}`) : file.includes(`/${before}`) && file.endsWith(after)))
  }
  t.deepEqual(
    paths.filter((name) => !exists(name)),
    [],
  )
})
