import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml'
import { keyText, pairOf, parseYaml, type YamlDocument } from '../yaml-document.ts'

/** The keys and list indexes that lead to a value, such as `['services', 'web', 'ports', 0]`. */
export type Path = readonly (string | number)[]

export interface Place {
  line: number
  column: number
}

/** A Compose file as plain values that still know where they are in the text. */
export interface DraftDocument {
  /** Every value is shared wherever an alias repeats it, so aliases cost nothing. */
  model: Mapping
  /** Where a value is: at its key, or at the entry of a list. For a path that does not exist, the last part of it that does. */
  placeOf(path: Path): Place
}

export type Mapping = Record<string, unknown>

export const isMapping = (value: unknown): value is Mapping => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The mapping below a key; empty when there is none. */
export const mappingAt = (value: unknown, key: string): Mapping => {
  const found = isMapping(value) ? value[key] : undefined
  return isMapping(found) ? found : {}
}

/** Reads a document without problems. */
export function readDocument(yaml: YamlDocument): DraftDocument {
  const model = valuesOf(yaml, ({ value }) => scalar(value))
  return { model: isMapping(model) ? model : {}, placeOf: (path) => yaml.placeOf(nodeAt(path, yaml)) }
}

export const parseDraft = (text: string): DraftDocument => readDocument(parseYaml(text))

/** A document without problems, with aliases and merges resolved. @param leaf what stands for a scalar */
export function valuesOf(yaml: YamlDocument, leaf: (node: Scalar) => unknown): unknown {
  const known = new Map<Node, unknown>()
  const read = (value: unknown): unknown => {
    const node = yaml.resolve(value)
    if (!node) return null
    if (known.has(node)) return known.get(node)
    const result = isMap(node) ? readMap(node) : isSeq(node) ? node.items.map(read) : isScalar(node) ? leaf(node) : null
    known.set(node, result)
    return result
  }
  /** Without a prototype, so that a key such as `__proto__` is one like any other. */
  const readMap = (map: YAMLMap): Mapping => {
    const result: Mapping = Object.create(null) as Mapping
    for (const { key, value } of map.items) {
      if (!isScalar(key) || isTagged(value)) continue
      const name = keyText(key)
      if (name !== '<<') result[name] = read(value)
    }
    for (const source of mergedInto(map, yaml)) {
      const merged = read(source)
      if (isMapping(merged)) for (const [name, value] of Object.entries(merged)) if (!(name in result)) result[name] = value
    }
    return result
  }
  return read(yaml.root)
}

function mergedInto(map: YAMLMap, yaml: YamlDocument): unknown[] {
  const pair = map.items.find(({ key }) => isScalar(key) && keyText(key) === '<<')
  const merged = yaml.resolve(pair?.value)
  return isSeq(merged) ? merged.items : [merged]
}

/** `!reset` and `!override` stand for something else than what is written. */
const isTagged = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'tag' in value && typeof value.tag === 'string' && /^!\w/.test(value.tag)

const scalar = (value: unknown): unknown =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value) ? value : String(value)

function nodeAt(path: Path, yaml: YamlDocument): unknown {
  let found: unknown = yaml.root
  let inside = yaml.resolve(yaml.root)
  for (const step of path) {
    if (isSeq(inside) && typeof step === 'number') {
      found = inside.items[step] ?? found
      inside = yaml.resolve(inside.items[step])
    } else if (isMap(inside)) {
      const pair = pairOf(inside, String(step), yaml)
      if (!pair) break
      found = pair.key
      inside = yaml.resolve(pair.value)
    } else break
  }
  return found
}
