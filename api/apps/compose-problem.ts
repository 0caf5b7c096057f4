import { isMap, isPair, isScalar, isSeq, visit, type Node } from 'yaml'
import type { ComposeRemark } from '../docker/compose-remark.ts'
import type { FieldError } from '../errors.ts'
import { keyText, parseYaml, type YamlDocument } from './yaml-document.ts'

/** A problem in a Compose file, or a warning about it. */
export interface ComposeProblem {
  message: string
  /** Null for the app's own Compose file. */
  file: string | null
  line: number | null
  column: number | null
  service: string | null
}

/** Adds lines and columns. Compose gives a path ("services.web.ports"), but a line only for YAML errors. */
export function placed(content: string, remarks: ComposeRemark[], parsed?: YamlDocument): ComposeProblem[] {
  if (remarks.length === 0) return []
  const yaml = parsed ?? parseYaml(content)
  return remarks.map(({ message, file, line, column, path, value }) => {
    const service = path[0] === 'services' ? (path[1] ?? null) : null
    const node = file || line ? null : nodeOf(yaml, path, value)
    return { message, file, ...(node ? yaml.placeOf(node) : { line, column }), service }
  })
}

/** Turns a problem into an error on `composeContent`, starting with the place: "line 4: ...". */
export function toFieldError({ message, file, line }: ComposeProblem): FieldError {
  const place = [file, line && `line ${line}`].filter((part) => part).join(', ')
  return { field: 'composeContent', message: place ? `${place}: ${message}` : message }
}

/** The reverse, for problems found in the text itself. */
export function toProblem({ message }: FieldError): ComposeProblem {
  const [, line = '', column = '', words = message] = /^line (\d+)(?:, column (\d+))?: (.*)$/s.exec(message) ?? []
  return { message: words, file: null, line: Number(line) || null, column: Number(column) || null, service: null }
}

/** The scalar that contains `value` if there is one, else the last key of the path that exists. */
function nodeOf(yaml: YamlDocument, path: string[], value: string | null): Node | null {
  const { key, node } = follow(yaml, path)
  return (value && (scalarWith(node, value) ?? scalarWith(yaml.root, value))) || key
}

function follow(yaml: YamlDocument, path: string[]): { key: Node | null; node: Node | null } {
  let node = yaml.root
  let key: Node | null = null
  for (const name of path) {
    const found = keyBelow(yaml, node, name)
    if (!found) break
    key = found.key
    node = yaml.resolve(found.value)
  }
  return { key, node }
}

/** Paths leave out list indexes, and sometimes a name in a mapping, so the entries are searched too. */
function keyBelow(yaml: YamlDocument, node: Node | null, name: string): { key: Node; value: unknown } | null {
  const inside = yaml.resolve(node)
  const own = keyOf(inside, name)
  if (own || (!isMap(inside) && !isSeq(inside))) return own
  const entries = inside.items.map((item) => yaml.resolve(isPair(item) ? item.value : item))
  return entries.map((entry) => keyOf(entry, name)).find((found) => found) ?? null
}

function keyOf(node: Node | null, name: string): { key: Node; value: unknown } | null {
  const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && keyText(key) === name) : undefined
  return pair && isScalar(pair.key) ? { key: pair.key, value: pair.value } : null
}

/** The first key or value that contains the text. "$NAME" also matches "${NAME...}". */
function scalarWith(node: Node | null, text: string): Node | null {
  const name = /^\$(\w+)$/.exec(text)?.[1]
  const pattern = name ? new RegExp(`\\$\\{?${name}\\b`) : null
  let found: Node | null = null
  if (node) {
    visit(node, {
      Node(_, visited) {
        const words = isScalar(visited) ? String(visited.value) : ''
        const isFound = (pattern ? pattern.test(words) : words.includes(text)) || visited.tag === text
        if (!isFound) return undefined
        found = visited
        return visit.BREAK
      },
    })
  }
  return found
}
