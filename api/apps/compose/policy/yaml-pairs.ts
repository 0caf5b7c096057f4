import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml'
import { keyText, type YamlDocument } from '../../yaml-document.ts'

export interface FoundPair {
  key: Node
  value: unknown
}

/** Binary values are decoded by Compose 2, so `!!binary L2V0Yw==` is the path `/etc`. */
export const textOfScalar = ({ value }: Scalar): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value ?? '')

/** `<<`, and what version 1's reader takes for it. */
const isMerge = (key: Scalar): boolean => keyText(key) === '<<' || key.tag?.endsWith('merge') === true

/**
 * Every value that a mapping may have under a name: its own, written twice or merged in. Readers of YAML differ in which of them they
 * take, so none is left out.
 */
export function pairsNamed(yaml: YamlDocument, node: unknown, name: string): FoundPair[] {
  return allPairs(yaml, node).filter(({ key }) => isScalar(key) && textOfScalar(key) === name)
}

export function allPairs(yaml: YamlDocument, node: unknown, seen = new Set<Node>()): FoundPair[] {
  const map = yaml.resolve(node)
  if (!isMap(map) || seen.has(map)) return []
  seen.add(map)
  const own: FoundPair[] = []
  const merged: FoundPair[] = []
  for (const item of map.items) {
    const key = yaml.resolve(item.key)
    if (!isScalar(key)) continue
    if (!isMerge(key)) {
      own.push({ key, value: item.value })
      continue
    }
    const source = yaml.resolve(item.value)
    for (const each of isSeq(source) ? source.items : [source]) merged.push(...allPairs(yaml, each, seen))
  }
  return [...own, ...merged]
}
