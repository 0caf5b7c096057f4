import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import { bounds } from '../bounds.ts'
import type { FieldError } from '../errors.ts'
import { keyText, maxProblems, parseYaml, type YamlDocument } from './yaml-document.ts'

/** Compose files are text that people write; the largest in public collections have some tens of KiB. */
export const maxComposeBytes = bounds.app.composeBytes

/** A host name label (RFC 1035) has at most 63, and the name becomes part of host names, networks and folders. */
const maxNameLength = bounds.app.name

/** The name becomes a host name of its containers, and a label that says whose they are. */
const maxServiceNameLength = bounds.container.service

/** Any of these says what a service runs; `extends` and `provider` take it from elsewhere. */
const sourcesOfService = ['image', 'build', 'extends', 'provider']

/** The rules of Compose for a project name: https://docs.docker.com/compose/how-tos/project-name/ */
export function checkAppName(name: string): FieldError[] {
  const problem = problemOfName(name)
  return problem ? [{ field: 'name', message: problem }] : []
}

function problemOfName(name: string): string | null {
  if (name.length === 0) return 'is empty; give a name such as "web-shop"'
  if (name.length > maxNameLength) return `has ${name.length} characters; at most ${maxNameLength} are possible`
  if (!/^[a-z0-9_-]+$/.test(name)) return 'may have lower case letters (a-z), digits, dashes and underscores only'
  if (!/^[a-z0-9]/.test(name)) return 'has to begin with a lower case letter or a digit'
  return null
}

export interface ContentProblems {
  /** Nobody can read it, or it would harm whoever tries, or it runs nothing: Compose is not asked. */
  refusals: FieldError[]
  /** What a version of Compose may accept; if it does, these are warnings. */
  doubts: FieldError[]
}

/** What can be seen in the text itself, before Compose is asked; every message says on which line, and what would be right. */
export function checkComposeContent(text: string): ContentProblems {
  const [refusals, doubts] = problemsOfContent(text)
  const toErrors = (messages: string[]): FieldError[] =>
    messages.slice(0, maxProblems).map((message) => ({ field: 'composeContent', message }))
  return { refusals: toErrors(refusals), doubts: toErrors(doubts) }
}

function problemsOfContent(text: string): [refusals: string[], doubts: string[]] {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxComposeBytes) return [[`is ${Math.ceil(bytes / 1024)} KiB long; at most ${maxComposeBytes / 1024} KiB are possible`], []]
  const yaml = parseYaml(text)
  if (yaml.problems.length > 0) return [yaml.problems, []]
  const root = yaml.resolve(yaml.root)
  if (isEmpty(root)) return [['line 1: the file is empty; it needs "services:" with at least one service'], []]
  if (!isMap(root)) return [[`${yaml.lineOf(root)}: a Compose file is a mapping with the key "services", not ${kindOf(root)}`], []]
  const [refusals, doubts] = problemsOfServices(root, yaml)
  return [refusals, [...yaml.doubts, ...doubts]]
}

function problemsOfServices(root: YAMLMap, yaml: YamlDocument): [refusals: string[], doubts: string[]] {
  const pair = pairOf(root, 'services', yaml)
  // What is included has services of its own.
  if (!pair && pairOf(root, 'include', yaml)) return [[], []]
  if (!pair) return [[`${yaml.lineOf(root)}: the key "services" is missing; it lists what the app runs`], []]
  const services = yaml.resolve(pair.value)
  const line = yaml.lineOf(pair.key)
  if (isEmpty(services)) return [[`${line}: "services" is empty; add at least one service, indented below it`], []]
  if (!isMap(services)) return [[`${line}: "services" has to be a mapping from a name to a service, not ${kindOf(services)}`], []]
  if (services.items.length === 0) return [[`${line}: "services" is empty; add at least one service`], []]
  const tooLong = services.items.flatMap(({ key }) => problemOfLength(key, yaml) ?? [])
  return [tooLong, services.items.flatMap(({ key, value }) => problemsOfService(key, value, yaml))]
}

/** Compose may take such a name, and nodes could not tell each other of its containers. */
function problemOfLength(key: unknown, yaml: YamlDocument): string | null {
  const node = yaml.resolve(key)
  const { length } = isScalar(node) ? keyText(node) : ''
  if (length <= maxServiceNameLength) return null
  return `${yaml.lineOf(key)}: the name of a service has ${length} characters; at most ${maxServiceNameLength} are possible`
}

function problemsOfService(key: unknown, value: unknown, yaml: YamlDocument): string[] {
  const nameNode = yaml.resolve(key)
  const line = yaml.lineOf(key)
  if (!isScalar(nameNode)) return [`${line}: the name of a service has to be plain text, not ${kindOf(nameNode)}`]
  const name = keyText(nameNode)
  // Several services may be merged in with "<<"; Compose itself looks into those.
  if (name === '<<') return []
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) return [`${line}: the service name "${name}" may have letters, digits, ".", "_" and "-" only`]
  const service = yaml.resolve(value)
  if (isEmpty(service)) return [`${line}: the service "${name}" is empty; give it an "image" or a "build", indented below it`]
  if (!isMap(service)) return [`${line}: the service "${name}" has to be a mapping with an "image" or a "build", not ${kindOf(service)}`]
  const says = sourcesOfService.some((source) => {
    const pair = pairOf(service, source, yaml)
    return pair && !isEmpty(yaml.resolve(pair.value))
  })
  return says ? [] : [`${line}: the service "${name}" needs an "image" (such as "nginx:1.29") or a "build"`]
}

interface Found {
  key: unknown
  value: unknown
}

/** Looks into what is merged in by "<<" too. Each mapping is looked into once, so that merges of merges cost nothing. */
function pairOf(map: YAMLMap, name: string, yaml: YamlDocument, seen = new Set<Node>()): Found | null {
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

const isEmpty = (node: Node | null): boolean => node === null || (isScalar(node) && (node.value === null || node.value === ''))

const kindOf = (node: Node | null): string => (isSeq(node) ? 'a list' : isMap(node) ? 'a mapping' : 'a single value')
