import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Alias, Document, ErrorCode, Node, Pair, Scalar, YAMLMap } from 'yaml'

/** A text of 256 KiB breaks at most places; the first few problems are what caused the others. */
export const maxProblems = 5

/**
 * What a file may grow to when every alias is replaced by a copy of what it names, in nodes (a key, a value, a list).
 * Generous for people (a large file has some thousand), far from what hurts Compose, which makes these copies.
 */
const maxExpandedNodes = 100_000

export interface YamlDocument {
  root: Node | null
  /** One sentence each, beginning with the line; no further conclusion can be drawn from a document that has any. */
  problems: string[]
  /** Keys that are written twice, of which some readers take the last. */
  doubts: string[]
  /** The node itself, or for an alias what it names. */
  resolve(node: unknown): Node | null
  /** "line 3" of where a node begins. */
  lineOf(node: unknown): string
  /** Both count from 1. */
  placeOf(node: unknown): { line: number; column: number }
}

/**
 * Parses one YAML document without ever building its value, so that aliases cost nothing however they multiply.
 * Besides what the syntax forbids, it refuses unknown aliases, and aliases that multiply.
 */
export function parseYaml(text: string): YamlDocument {
  const lines = new LineCounter()
  // Its own search for equal keys compares each with each, which is up to a minute for a large file of short keys.
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
    problems.push(`${lineOf(first)}: aliases from here on multiply to more than ${maxExpandedNodes} values; repeat less, or write it out`)
  }
  return { root, problems, doubts, resolve, lineOf, placeOf }
}

/** Where the library's own words do not say what would be right. */
const syntaxAdvice: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'a tab cannot indent; use spaces',
  MULTIPLE_DOCS: 'a second document begins here; a Compose file is one document, so remove the line "---"',
  BLOCK_AS_IMPLICIT_KEY: 'a key is not possible here; begin all keys of a mapping in one column, and quote a value that has ": " in it',
  MULTILINE_IMPLICIT_KEY: 'a key has to be on one line, with ":" and a space after it',
  RESOURCE_EXHAUSTION: 'mappings and lists are nested too deeply here; write it flatter',
}

/** A key as it is written; a document that says it is YAML 1.1 has a symbol for "<<". */
export const keyText = ({ value }: Scalar): string => (typeof value === 'symbol' ? (value.description ?? '') : String(value ?? ''))

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
      if (!target) problems.push(`${lineOf(node)}: there is no anchor &${node.source} before this alias; add it or correct the name`)
      else if (ancestors.includes(target)) problems.push(`${lineOf(node)}: the alias *${node.source} contains itself; write the value out`)
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
    if (seen.has(name)) problems.push(`${lineOf(key)}: the key "${name}" is already on ${lineOf(seen.get(name))}; keep one of the two`)
    else seen.set(name, key)
  }
  return problems
}

/** Nodes of a tree with every alias replaced by a copy; each node is counted once, however often it is named. */
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
