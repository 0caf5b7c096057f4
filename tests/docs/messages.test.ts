import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { checkout } from '../helpers/documented.ts'

const guide = readFileSync(join(checkout, 'docs/multi-node.md'), 'utf8')

/** The code of the server and the dashboard, with concatenated strings joined. */
const code = ['api', 'frontend/src']
  .flatMap((folder) =>
    readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|vue)$/.test(name))
      .map((name) => readFileSync(join(checkout, folder, name), 'utf8')),
  )
  .join('\n')
  .replace(/['"`]\s*\+\s*['"`]/g, '')
  .replaceAll("\\'", "'")

/** The cells of one column, from every table that has a column with that name. */
function column(name: string): string[] {
  return guide.split(/\n(?!\|)/).flatMap((table) => {
    const [head = [], , ...rows] = table
      .trim()
      .split('\n')
      .map((row) => row.split('|').map((cell) => cell.trim()))
    const index = head.indexOf(name)
    return index === -1 ? [] : rows.map((row) => row[index] ?? '')
  })
}

/** Text that the program fills in: its code has a placeholder there. */
const filledIn = [
  /\.\.\./,
  /;/,
  /: it\b/,
  /"include"/,
  /\b(?:host|NAME|nginx|web|removal-keeps-data|offline)\b/,
  /[\d.]*\d+\S*(?: minutes)?/,
  /\bbehind\b/,
  /\([^)]*\)/,
  /\bsince\b/,
  /^(?:id|name|api_endpoint|Removing it failed|Done)(?=: )|: /,
]

/** The parts of a message that the code has word for word. */
const fixedParts = (message: string): string[] =>
  message
    .split(new RegExp(filledIn.map(({ source }) => source).join('|')))
    .map((part) => part.replace(/^[\s,.:()"?]+|[\s,.:()"?]+$/g, ''))
    .filter((part) => part.length > 5)

for (const name of ['message', '`link to primary could not be opened`, reason', 'what `join failed` says']) {
  test(`the guide quotes messages as the program writes them: ${name}`, (t) => {
    const messages = column(name)
    t.true(messages.length > 3)
    t.deepEqual(
      messages.filter((message) => !fixedParts(message).every((part) => code.includes(part))),
      [],
    )
  })
}

test('the guide quotes log lines as the program writes them', (t) => {
  const lines = column('line').flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, line = '']) => line))
  t.true(lines.length > 15)
  t.deepEqual(
    lines.filter((line) => !code.includes(line)),
    [],
  )
})

test('the dashboard has the buttons, pages and statuses that are in bold', (t) => {
  const pages = ['README.md', 'docs/multi-node.md', 'docs/api.md'].map((page) => readFileSync(join(checkout, page), 'utf8')).join('\n')
  const labels = new Set([...pages.matchAll(/\*\*([A-Z][a-z]+(?: [a-z]+){0,3})\*\*/g)].map(([, label = '']) => label))
  t.true(labels.size > 12)
  t.deepEqual(
    [...labels].filter((label) => !new RegExp(`['"\`>]${label}['"\`<]`).test(code)),
    [],
  )
})
