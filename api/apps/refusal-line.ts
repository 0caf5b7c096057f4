import { isMap, isPair, isScalar, type Node } from 'yaml'
import { parseYaml, type YamlDocument } from './yaml-document.ts'

/**
 * Compose names what it refuses ("services.web.ports contains ...") but only for YAML faults its line; this puts the line
 * in front: that of the deepest part of the path that is in the file. A message that names nothing stays as it is.
 */
export function withLine(composeContent: string, message: string): string {
  if (/\bline \d+/.test(message)) return message
  const document = parseYaml(composeContent)
  const found = pathsIn(message).flatMap((path) => deepestKey(document, path) ?? [])
  return found[0] ? `${document.lineOf(found[0])}: ${message}` : message
}

/** The places that a message may mean, the likeliest first. */
function pathsIn(message: string): string[][] {
  const paths: string[][] = []
  const dotted = /\b(services|volumes|networks|configs|secrets)((?:\.[\w-]+)+)/.exec(message)
  const option = /(?:Unsupported config option|property|Additional properties)[^']*'([\w.-]+)'/.exec(message)?.[1]
  if (dotted?.[1] && dotted[2]) {
    const path = [dotted[1], ...dotted[2].slice(1).split('.')]
    if (option) paths.push([...path, option])
    paths.push(path)
  }
  const service = /\bservice ['"]([\w.-]+)['"]/i.exec(message)?.[1]
  if (service) paths.push(['services', service])
  const top = /^'([\w.-]+)' does not match/.exec(message)?.[1]
  if (top) paths.push([top])
  return paths
}

function deepestKey({ root, resolve }: YamlDocument, path: string[]): Node | null {
  let node = root
  let key: Node | null = null
  for (const name of path) {
    const map = resolve(node)
    const pair = isMap(map) ? map.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === name) : undefined
    if (!pair || !isScalar(pair.key)) break
    key = pair.key
    node = resolve(pair.value)
  }
  return key
}
