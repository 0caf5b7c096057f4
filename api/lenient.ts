import type { z } from 'zod'
import { cut } from './bounds.ts'

export interface Lenient<T> {
  /** Null if a required part cannot be read. */
  value: T | null
  /** What was dropped or cut, phrased to follow the item's name. Unknown enum words are not a problem: they are read as `unknown`. */
  problems: string[]
}

type Issue = z.core.$ZodIssue
type Path = Issue['path']

/** Each round repairs what the previous one uncovered. A value that needs more rounds is dropped. */
const mostRounds = 4
/** Most problems reported for one item. */
const mostProblems = 5
/** Part of a text is still worth showing, but half a Compose file could be saved over the whole one. */
const neverCut = new Set<PropertyKey>(['compose_content', 'content', 'id', 'node_id', 'app_id'])

/**
 * Reads as much as possible of what another node sends, so one bad value is lost and nothing else:
 *
 * - an unfamiliar enum word becomes `unknown` if the schema has that word;
 * - a text that is too long is cut, and a list that is too long loses its end;
 * - an unreadable list item is dropped (in nested lists, the innermost one);
 * - any other value becomes null where the schema allows it.
 *
 * @param value changed in place, so pass freshly parsed JSON that nothing else uses
 */
export function readLeniently<Schema extends z.ZodType>(schema: Schema, value: unknown): Lenient<z.output<Schema>> {
  const problems: string[] = []
  for (let round = 0; round < mostRounds; round += 1) {
    const read = schema.safeParse(value)
    if (read.success) return { value: read.data, problems }
    const mended = read.error.issues.length > 0 && mend(value, read.error.issues, problems)
    if (!mended) break
  }
  return { value: null, problems }
}

/** @returns false if the value cannot be repaired */
function mend(root: unknown, issues: Issue[], problems: string[]): boolean {
  const leftOut = new Map<unknown[], Set<number>>()
  let isMended = true
  for (const issue of issues) {
    if (mendWord(root, issue)) continue
    const words = problems.length < mostProblems ? inWords(root, issue) : null
    const item = mendLength(root, issue) ? null : itemOf(root, issue.path)
    // One problem is enough for an item that is dropped.
    const isKnown = words === null || problems.includes(words) || (item && leftOut.get(item.list)?.has(item.index))
    if (!isKnown) problems.push(words)
    if (item) leftOut.set(item.list, (leftOut.get(item.list) ?? new Set()).add(item.index))
    else if (item === undefined) isMended = makeNull(root, issue.path) && isMended
  }
  for (const [list, indexes] of leftOut) {
    const kept = list.filter((_, index) => !indexes.has(index))
    // Pushed one by one: a long list can exceed the number of arguments a call can take.
    list.length = 0
    for (const item of kept) list.push(item)
  }
  return isMended
}

function mendWord(root: unknown, issue: Issue): boolean {
  if (issue.code !== 'invalid_value' || !issue.values.includes('unknown')) return false
  const isWord = typeof at(root, issue.path) === 'string'
  return isWord && put(root, issue.path, 'unknown')
}

function mendLength(root: unknown, issue: Issue): boolean {
  if (issue.code !== 'too_big') return false
  const value = at(root, issue.path)
  const most = Number(issue.maximum)
  if (Array.isArray(value)) {
    value.length = Math.min(value.length, most)
    return true
  }
  if (typeof value !== 'string' || neverCut.has(issue.path.at(-1) ?? '')) return false
  return put(root, issue.path, cut(value, most))
}

/** The innermost list item on the path to a fault; undefined if there is none. */
function itemOf(root: unknown, path: Path): { list: unknown[]; index: number } | undefined {
  const depth = path.findLastIndex((key) => typeof key === 'number')
  const list = depth < 0 ? undefined : at(root, path.slice(0, depth))
  return Array.isArray(list) ? { list, index: path[depth] as number } : undefined
}

function makeNull(root: unknown, path: Path): boolean {
  const value = at(root, path)
  return value !== null && path.length > 0 && put(root, path, null)
}

function at(root: unknown, path: Path): unknown {
  let value = root
  for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return value
}

function put(root: unknown, path: Path, value: unknown): boolean {
  const holder = at(root, path.slice(0, -1))
  const key = path.at(-1)
  if (!isObject(holder) || key === undefined) return false
  holder[key] = value
  return true
}

const isObject = (value: unknown): value is Record<PropertyKey, unknown> => typeof value === 'object' && value !== null

/** For example `containers 3 name has 525 characters, of which 300 are read`. */
function inWords(root: unknown, issue: Issue): string {
  const value = at(root, issue.path)
  const where = issue.path.map((key) => (typeof key === 'number' ? String(key + 1) : String(key).replaceAll('_', ' '))).join(' ')
  const size = typeof value === 'string' ? `${value.length} characters` : Array.isArray(value) ? `${value.length} entries` : null
  const what = issue.code === 'too_big' && size ? `has ${size}, of which ${Number(issue.maximum)} are read` : 'cannot be read'
  return cut(`${where} ${what}`.trim(), 200)
}
