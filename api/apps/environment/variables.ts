import { isMap, isScalar, isSeq, visit } from 'yaml'
import { steeredBy } from '../../steering-names.ts'
import { parseYaml, type YamlDocument } from '../yaml-document.ts'
import { referencesIn } from './template.ts'

/** A variable that an app's Compose file uses. */
export interface ComposeVariable {
  name: string
  /** What the file says to use when it is not set, as written; null when it says nothing. */
  default: string | null
  /** Compose refuses the file without it: `${NAME:?why}`. */
  required: boolean
  isSet: boolean
}

interface TextFile {
  path: string
  content: string
}

/**
 * The variables that a Compose file uses, in the order of the text: `${NAME}`, `${NAME:-default}`, `${NAME:?why}`, `$NAME`, and `NAME`
 * without a value in a service's `environment`. Files that it includes or extends count when they are among `files`. Names that nobody
 * can set here, such as `HOME`, are left out, and so is what a file that cannot be parsed uses.
 *
 * @param isSet whether the app has a variable of this name
 */
export function variablesOf(
  composeContent: string,
  { files = [], isSet }: { files?: readonly TextFile[]; isSet: (name: string) => boolean },
): ComposeVariable[] {
  const found = new Map<string, ComposeVariable>()
  const add = (name: string, use: { default?: string; required?: boolean }): void => {
    if (steeredBy(name) !== null) return
    const known = found.get(name) ?? { name, default: null, required: false, isSet: isSet(name) }
    found.set(name, { ...known, default: known.default ?? use.default ?? null, required: known.required || use.required === true })
  }
  const byPath = new Map(files.map((file) => [plainPath(file.path), file.content]))
  const waiting = [composeContent]
  const isRead = new Set(waiting)
  for (const content of waiting) {
    const yaml = parseYaml(content)
    if (yaml.problems.length > 0) continue
    collect(yaml, add)
    for (const path of pathsIn(yaml)) {
      const other = byPath.get(plainPath(path))
      if (other !== undefined && !isRead.has(other)) waiting.push(other)
      if (other !== undefined) isRead.add(other)
    }
  }
  return [...found.values()]
}

const plainPath = (path: string): string => path.replace(/^(?:\.\/)+/, '')

type Add = (name: string, use: { default?: string; required?: boolean }) => void

/** Compose replaces variables in values, not in keys and comments. */
function collect(yaml: YamlDocument, add: Add): void {
  if (!yaml.root) return
  visit(yaml.root, {
    Scalar(key, { value }) {
      if (key === 'key' || typeof value !== 'string') return
      for (const { name, operator, word } of referencesIn(value)) {
        add(name, operator.endsWith('-') ? { default: word } : { required: operator.endsWith('?') })
      }
    },
    Pair(_, { key, value }) {
      if (isScalar(key) && key.value === 'environment') passedOn(yaml, value).forEach((name) => add(name, {}))
    },
  })
}

/** Names without a value in `environment`, as a list or a mapping. */
function passedOn(yaml: YamlDocument, value: unknown): string[] {
  const node = yaml.resolve(value)
  if (isSeq(node)) {
    return node.items.flatMap((item) => {
      const entry = yaml.resolve(item)
      return isScalar(entry) && typeof entry.value === 'string' && isName(entry.value) ? [entry.value] : []
    })
  }
  if (!isMap(node)) return []
  return node.items.flatMap(({ key, value: given }) => {
    const text = isScalar(key) ? String(key.value) : ''
    const own = yaml.resolve(given)
    const isEmpty = given === null || (isScalar(own) && own.value === null)
    return isEmpty && isName(text) ? [text] : []
  })
}

const isName = (text: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text)

/** Paths of further Compose files: `include`, and `extends` of services. */
function pathsIn(yaml: YamlDocument): string[] {
  const paths: string[] = []
  if (!yaml.root) return paths
  visit(yaml.root, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || (key.value !== 'include' && key.value !== 'extends')) return
      const names = key.value === 'include' ? ['path'] : ['file']
      const node = yaml.resolve(value)
      for (const item of isSeq(node) ? node.items : [node]) {
        const entry = yaml.resolve(item)
        if (key.value === 'include') paths.push(...textsOf(yaml, entry))
        if (isMap(entry)) for (const name of names) paths.push(...textsOf(yaml, entry.get(name, true)))
      }
    },
  })
  return paths
}

function textsOf(yaml: YamlDocument, value: unknown): string[] {
  const node = yaml.resolve(value)
  const items = isSeq(node) ? node.items.map((item) => yaml.resolve(item)) : [node]
  return items.flatMap((item) => (isScalar(item) && typeof item.value === 'string' ? [item.value] : []))
}
