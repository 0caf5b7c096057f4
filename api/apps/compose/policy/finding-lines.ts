import { isScalar, isSeq, visit, type Node } from 'yaml'
import { parseYaml, type YamlDocument } from '../../yaml-document.ts'
import { pairsNamed, textOfScalar } from './yaml-pairs.ts'
import type { Claim } from './policy-finding.ts'

export type LineFinder = (claim: Pick<Claim, 'path' | 'written'>) => number | null

/**
 * Finds where a place of the resolved model comes from in the app's own file. Compose 1 sorts lists and writes values anew, so the
 * value is searched near the last key that exists. Null when even the first key comes from elsewhere.
 */
export function createLineFinder(content: string): LineFinder {
  const yaml = parseYaml(content)
  return ({ path, written }) => {
    const { key, node, isWhole } = follow(yaml, path)
    const found = scalarOf(node, written, yaml) ?? (isWhole ? node : null) ?? key
    return found && yaml.placeOf(found).line
  }
}

/** As far as the path leads. A list's item counts only if nothing better is known. */
function follow(yaml: YamlDocument, path: Claim['path']): { key: Node | null; node: Node | null; isWhole: boolean } {
  let [node, key] = [yaml.root, null as Node | null]
  for (const step of path) {
    if (typeof step === 'number') {
      const item = isSeq(node) ? yaml.resolve(node.items[step]) : null
      return { key, node: item ?? node, isWhole: item !== null }
    }
    const pair = pairsNamed(yaml, node, step)[0]
    if (!pair) return { key, node, isWhole: false }
    key = pair.key
    node = yaml.resolve(pair.value)
  }
  return { key, node, isWhole: false }
}

/** The scalar with the first of these texts, best in full, else as a part. */
function scalarOf(node: Node | null, texts: string[], yaml: YamlDocument): Node | null {
  const scalars: { node: Node; text: string }[] = []
  if (node) {
    visit(node, {
      Node(_, each) {
        const target = yaml.resolve(each)
        if (isScalar(target)) scalars.push({ node: target, text: textOfScalar(target) })
      },
    })
  }
  const wanted = texts.filter((text) => text !== '' && text !== ':')
  for (const fits of [
    (a: string, b: string) => a === b,
    (a: string, b: string) => a.startsWith(`${b}:`),
    (a: string, b: string) => a.includes(b),
  ])
    for (const text of wanted) {
      const found = scalars.find((scalar) => fits(scalar.text, text))
      if (found) return found.node
    }
  return null
}
