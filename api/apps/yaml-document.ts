import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Alias, Document, ErrorCode, Node, Pair, Scalar, YAMLMap } from 'yaml'

/** A large file can break in many places, and the first few problems usually cause the rest. */
export const maxProblems = 5

/**
 * Maximum size of a file after every alias is replaced by a copy, in nodes (a key, a value, a list). Compose makes these copies.
 * Generous for people (a large file has a few thousand) and far below what harms Compose.
 */
const maxExpandedNodes = 100_000

export interface YamlDocument {
  root: Node | null
  /** Each starts with its line. Do not use a document that has any. */
  problems: string[]
  /** Keys that appear twice. Some readers use the last one. */
  doubts: string[]
  /** The node itself, or the target of an alias. */
  resolve(node: unknown): Node | null
  /** Where a node starts, for example "line 3". */
  lineOf(node: unknown): string
  /** Both count from 1. */
  placeOf(node: unknown): { line: number; column: number }
}

/**
 * Parses one YAML document without building its value, so aliases cost nothing however often they multiply. Besides syntax errors
 * it refuses unknown aliases and aliases that expand too far.
 */
export function parseYaml(text: string): YamlDocument {
  const lines = new LineCounter()
  // The library's own search for repeated keys compares every pair, which takes up to a minute for a large file of short keys.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'error' })
  const placeAt = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const placeOf = (node: unknown): { line: number; column: number } => placeAt(isNode(node) ? (node.range?.[0] ?? 0) : 0)
  const lineOf = (node: unknown): string => `line ${placeOf(node).line}`
  const root = isNode(document.contents) ? document.contents : null
  const syntax = document.errors.slice(0, maxProblems).map(({ code, message, pos }) => {
    const { line, column } = placeAt(pos[0])
    return `line ${line}, column ${column}: ${syntaxAdvice[code] ?? message}`
  })
  if (syntax.length > 0) return { root, problems: syntax, doubts: [], resolve: () => null, lineOf, placeOf }

  const { targets, problems, doubts } = readAliasesAndKeys(document, lineOf)
  const resolve = (node: unknown): Node | null => (isAlias(node) ? (targets.get(node) ?? null) : isNode(node) ? node : null)
  if (problems.length === 0 && targets.size > 0 && expandedSize(root, resolve) > maxExpandedNodes) {
    const first = [...targets.keys()][0]
    problems.push(
      `${lineOf(first)}: aliases from here on expand to more than ${maxExpandedNodes} values. Use fewer aliases, or write the values out`,
    )
  }
  return { root, problems, doubts, resolve, lineOf, placeOf }
}

/** Used where the library's own message does not say how to fix the problem. */
const syntaxAdvice: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'this line is indented with a tab. Use spaces',
  MULTIPLE_DOCS: 'a second document starts here, but a Compose file must be a single document. Remove the "---" line',
  BLOCK_AS_IMPLICIT_KEY: 'a key is not allowed here. Align all keys of a mapping in one column, and quote values that contain ": "',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line, followed by ":" and a space',
  RESOURCE_EXHAUSTION: 'mappings and lists are nested too deeply here. Use fewer levels',
}

/** A key as written. In a document marked as YAML 1.1, "<<" is a symbol. */
export const keyText = ({ value }: Scalar): string => (typeof value === 'symbol' ? (value.description ?? '') : String(value ?? ''))

/** An entry of a mapping. */
export interface Found {
  key: unknown
  value: unknown
}

/** Also searches mappings merged in with "<<". Each mapping is searched once, so nested merges cost little. */
export function pairOf(map: YAMLMap, name: string, yaml: Pick<YamlDocument, 'resolve'>, seen = new Set<Node>()): Found | null {
  if (seen.has(map)) return null
  seen.add(map)
  const named = (wanted: string): Found | undefined => map.items.find(({ key }) => isScalar(key) && keyText(key) === wanted)
  const own = named(name)
  if (own) return own
  const merged = yaml.resolve(named('<<')?.value)
  for (const source of isSeq(merged) ? merged.items : [merged]) {
    const target = yaml.resolve(source)
    const found = isMap(target) ? pairOf(target, name, yaml, seen) : null
    if (found) return found
  }
  return null
}

function readAliasesAndKeys(document: Document.Parsed, lineOf: (node: unknown) => string) {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  const problems: string[] = []
  const doubts: string[] = []
  visit(document, {
    Node(_, node, ancestors) {
      if (isMap(node)) for (const doubt of repeatedKeys(node, lineOf)) doubts.push(doubt)
      if (!isAlias(node)) {
        if (node.anchor) anchors.set(node.anchor, node)
        return
      }
      const target = anchors.get(node.source)
      if (!target) problems.push(`${lineOf(node)}: there is no anchor &${node.source} before this alias. Add it or correct the name`)
      else if (ancestors.includes(target)) problems.push(`${lineOf(node)}: the alias *${node.source} contains itself. Write the value out`)
      else targets.set(node, target)
    },
  })
  return { targets, problems, doubts }
}

function repeatedKeys(map: YAMLMap, lineOf: (node: unknown) => string): string[] {
  const seen = new Map<string, unknown>()
  const problems: string[] = []
  for (const { key } of map.items) {
    if (!isScalar(key)) continue
    const name = keyText(key)
    if (seen.has(name)) problems.push(`${lineOf(key)}: the key "${name}" is already on ${lineOf(seen.get(name))}. Keep only one of them`)
    else seen.set(name, key)
  }
  return problems
}

/** The number of nodes after every alias is replaced by a copy. Remembers each node's size, so repeated aliases cost no extra time. */
function expandedSize(root: Node | null, resolve: (node: unknown) => Node | null): number {
  const sizes = new Map<Node, number>()
  const sizeOf = (value: unknown): number => {
    const node = resolve(value)
    if (!node) return 1
    const known = sizes.get(node)
    if (known !== undefined) return known
    let size = 1
    for (const item of childrenOf(node)) size += isPair(item) ? sizeOf(item.key) + sizeOf(item.value) : sizeOf(item)
    sizes.set(node, size)
    return size
  }
  return sizeOf(root)
}

const childrenOf = (node: Node): (unknown | Pair)[] => (isMap(node) || isSeq(node) ? node.items : [])
