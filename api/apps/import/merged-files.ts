import { Document, isScalar, Scalar } from 'yaml'
import { isMapping, mappingAt, valuesOf, type Mapping } from '../compose/draft-document.ts'
import { parseYaml } from '../yaml-document.ts'

export interface ReadFile {
  path: string
  content: string
}

/** One Compose file in place of several, or why there is none. */
export type Merged = { content: string; problem: null } | { content: null; problem: string }

/**
 * Writes several Compose files as one, by Compose's rules for `-f a -f b`. Compose itself would print the values of variables and of
 * `env_file`s into it. Comments are lost. Whether Compose reads the result as it reads the files is for Compose to say.
 */
export function mergedFiles(files: readonly ReadFile[]): Merged {
  let merged: unknown = {}
  for (const { path, content } of files) {
    const yaml = parseYaml(content)
    const [problem] = yaml.problems
    if (problem !== undefined) return { content: null, problem: `${path}, ${problem}` }
    const values = valuesOf(yaml, asWritten)
    const other = elsewhere(values)
    if (other) return { content: null, problem: `${path} uses ${other}, which leads to more files` }
    merged = mergeValues(merged, values, [])
  }
  const names = files.map(({ path }) => `#   ${path.replaceAll(/\s/g, ' ')}\n`).join('')
  // Every scalar is text to this schema, so each is printed as it was written: `0644`, `3.10`, `yes`.
  const document = new Document(merged, { schema: 'failsafe', aliasDuplicateObjects: false })
  const content = `# Merged from these files, which are not read any more:\n${names}${document.toString({ lineWidth: 0 })}`
  return { content, problem: null }
}

/** Resolving these reads files that nobody has looked at, or asks other machines for them. */
function elsewhere(values: unknown): string | null {
  if (isMapping(values) && 'include' in values) return '"include"'
  const extended = Object.values(mappingAt(values, 'services')).some((service) => 'file' in mappingAt(service, 'extends'))
  return extended ? '"extends" with a file' : null
}

function asWritten({ source, type, value }: Scalar): Scalar {
  const text = source ?? String(value)
  const scalar = new Scalar(text === '' && type === 'PLAIN' ? 'null' : text)
  if (type) scalar.type = type
  return scalar
}

/** Lists of these in a service are written as mappings too: `A=1` for `A: 1`. */
const pairLists = new Set(['environment', 'labels', 'args', 'sysctls', 'annotations'])
/** Lists of these in a service stand for mappings whose entries have these options. */
const nameLists: Readonly<Record<string, Mapping | null>> = { depends_on: { condition: 'service_started' }, networks: null }
/** The last file's value counts, whole. */
const replaced = new Set(['command', 'entrypoint', 'test'])
/** Entries of these lists are told apart by where they are in the container. */
const targeted = new Set(['volumes', 'devices', 'secrets', 'configs'])

const isMap = (value: unknown): value is Mapping => isMapping(value) && !isScalar(value)
const isNull = (value: unknown): boolean => value === null || (isScalar(value) && value.type === 'PLAIN' && value.value === 'null')

function mergeValues(before: unknown, after: unknown, path: readonly string[]): unknown {
  const key = path.at(-1) ?? ''
  const isOption = path.length > 2 && path[0] === 'services'
  if (isOption && replaced.has(key)) return after
  if (isMap(before) && isNull(after)) return before
  const toMapping = isOption ? mappingReader(key) : null
  const [first, second] =
    toMapping && !(key in nameLists && Array.isArray(before) && Array.isArray(after))
      ? [toMapping(before), toMapping(after)]
      : [before, after]
  if (isMap(first) && isMap(second)) return mergeMappings(first, second, path)
  if (Array.isArray(first) || Array.isArray(second)) return mergeLists([first, second].flat(), isOption && targeted.has(key))
  // `env_file: a` and `env_file: b` are both read.
  if (isOption && ['env_file', 'dns', 'dns_search', 'tmpfs'].includes(key)) return mergeLists([first, second], false)
  return second
}

function mergeMappings(before: Mapping, after: Mapping, path: readonly string[]): Mapping {
  const merged: Mapping = Object.assign(Object.create(null), before)
  for (const [name, value] of Object.entries(after)) {
    merged[name] = name in before ? mergeValues(before[name], value, [...path, name]) : value
  }
  return merged
}

function mappingReader(key: string): ((value: unknown) => unknown) | null {
  const named = nameLists[key]
  if (key === 'build') return (value) => (isScalar(value) ? { context: value } : value)
  if (!pairLists.has(key) && named === undefined) return null
  return (value) =>
    Array.isArray(value)
      ? Object.fromEntries(value.map((each) => (named === undefined ? pairOf(textOf(each)) : [textOf(each), named])))
      : value
}

function pairOf(text: string): [string, unknown] {
  const end = text.indexOf('=')
  return end < 0 ? [text, plainNull()] : [text.slice(0, end), quoted(text.slice(end + 1))]
}

const quoted = (text: string): Scalar => Object.assign(new Scalar(text), { type: 'QUOTE_DOUBLE' as const })
const plainNull = (): Scalar => Object.assign(new Scalar('null'), { type: 'PLAIN' as const })
const textOf = (value: unknown): string => (isScalar(value) ? String(value.value) : JSON.stringify(value))

/** A later entry takes the place of an equal one. */
function mergeLists(entries: unknown[], byTarget: boolean): unknown[] {
  const merged = new Map<string, unknown>()
  for (const entry of entries) if (!isNull(entry)) merged.set(byTarget ? targetOf(entry) : textOf(entry), entry)
  return [...merged.values()]
}

/** `SOURCE:TARGET:MODE`, in which a variable's default can hold colons. */
function targetOf(entry: unknown): string {
  if (isMap(entry)) return textOf(entry['target'] ?? entry['source'] ?? entry)
  const parts = textOf(entry)
    .replaceAll(/\$\{[^}]*\}/g, (variable) => variable.replaceAll(':', '\0'))
    .split(':')
  return parts[1] ?? parts[0] ?? ''
}
