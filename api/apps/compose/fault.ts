import { isNear } from '../../misspelling.ts'
import type { Path } from './draft-document.ts'

/** Something wrong at one place of a draft. */
export interface Fault {
  path: Path
  message: string
  /** Docker refuses it at the latest when the app starts, even if Compose accepts the file. Otherwise Compose decides. */
  isCertain: boolean
}

export const certain = (path: Path, message: string): Fault => ({ path, message, isCertain: true })
export const doubtful = (path: Path, message: string): Fault => ({ path, message, isCertain: false })

/** The path as people read it: `"services.web.ports"`, or `entry 2 of "services.web.ports"`. */
export function named(path: Path): string {
  const last = path.at(-1)
  const keys = path.filter((step) => typeof step === 'string')
  return typeof last === 'number' ? `entry ${last + 1} of "${keys.join('.')}"` : `"${keys.join('.')}"`
}

/** ` Did you mean "ports"?`, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  for (const each of known) if (isNear(each, word)) return `. Did you mean "${each}"?`
  return ''
}

/** A value that people recognise in a message. */
export const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? 'nothing')
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** Holds a variable, so only Compose knows the value. `$$` stands for one dollar sign. */
export const isOpen = (value: unknown): boolean => typeof value === 'string' && value.replaceAll('$$', '').includes('$')
