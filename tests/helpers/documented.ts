import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A fenced block of a page, or a part of one. */
export interface Block {
  /** Its path in the checkout. */
  page: string
  /** The number of its first line. */
  line: number
  /** The heading above it. */
  section: string
  language: string
  text: string
}

export const checkout = join(import.meta.dirname, '../..')

export const pages = [
  ...readdirSync(checkout).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(checkout, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

export function blocksOf(page: string): Block[] {
  const content = readFileSync(join(checkout, page), 'utf8')
  return [...content.matchAll(/^```([\w-]*)\n([^]*?)^```$/gm)].map(({ 1: language = '', 2: text = '', index }) => {
    const before = content.slice(0, index)
    const section =
      before
        .match(/^#+ .+$/gm)
        ?.at(-1)
        ?.replace(/^#+ /, '') ?? ''
    return { page, line: before.split('\n').length + 1, section, language, text }
  })
}

export const isShell = ({ language }: Block): boolean => /^(sh|bash|shell|console)$/.test(language)

/** The commands of a block of shell, without comments and blank lines. One can have several lines. */
export function commandsOf(block: Block): Block[] {
  const commands: Block[] = []
  let open: Block | undefined
  for (const [index, line] of block.text.split('\n').entries()) {
    if (!open && /^\s*(#|$)/.test(line)) continue
    open = open ? { ...open, text: `${open.text}\n${line}` } : { ...block, line: block.line + index, text: line }
    if (!isWhole(open.text)) continue
    commands.push(open)
    open = undefined
  }
  if (open) throw new Error(`${open.page}:${open.line} is not a whole command: ${open.text}`)
  return commands
}

/** Whether bash would run it, instead of waiting for the end of a quote, a pipe or a here-document. */
function isWhole(text: string): boolean {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })
  return status === 0 && stderr === ''
}
