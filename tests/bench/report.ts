import { readFileSync, writeFileSync } from 'node:fs'
import type { Figure } from './bench.ts'

const page = new URL('../../docs/performance.md', import.meta.url)

/** Three significant digits. A bench is not more precise than that. */
export function inWords({ value, unit }: Figure): string {
  const digits = value >= 100 || value === 0 ? value.toFixed(0) : value.toPrecision(value >= 1 ? 3 : 2)
  return unit === '/s' ? `${digits}/s` : `${digits} ${unit === 'x' ? 'times' : unit}`
}

/** A Markdown table that is also readable as plain text. */
export function toTable(figures: Figure[]): string {
  const rows = [['what', 'figure', ''], ...figures.map((figure) => [figure.name, inWords(figure), figure.note ?? ''])]
  const widths = [0, 1, 2].map((column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, column) => (column === 1 ? cell.padStart(widths[1] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(' | ')} |`
  const [head = [], ...body] = rows
  const rule = `| ${'-'.repeat(widths[0] ?? 0)} | ${'-'.repeat((widths[1] ?? 1) - 1)}: | ${'-'.repeat(widths[2] ?? 0)} |`
  return [line(head), rule, ...body.map(line)].join('\n')
}

/** Writes a bench's table between its markers in docs/performance.md. */
export function writeFigures(name: string, figures: Figure[]): void {
  const [start, end] = [`<!-- figures: ${name} -->`, `<!-- end: ${name} -->`]
  const text = readFileSync(page, 'utf8')
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`docs/performance.md has no ${start} ... ${end}`)
  writeFileSync(page, `${text.slice(0, from + start.length)}\n\n${toTable(figures)}\n\n${text.slice(to)}`)
}
