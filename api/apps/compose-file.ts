import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml'
import { bounds } from '../bounds.ts'
import type { FieldError } from '../errors.ts'
import { isNear } from '../misspelling.ts'
import { keyText, maxProblems, pairOf, parseYaml, type YamlDocument } from './yaml-document.ts'

/** People write Compose files by hand. The largest in public collections are a few dozen KiB. */
export const maxComposeBytes = bounds.app.composeBytes

/** The name becomes part of host names, networks and folders. A host name label has at most 63 characters (RFC 1035). */
const maxNameLength = bounds.app.name

/** The name becomes a host name of its containers and the value of a label on them. */
const maxServiceNameLength = bounds.container.service

/** Any of these defines what a service runs. `extends` and `provider` take it from somewhere else. */
const sourcesOfService = ['image', 'build', 'extends', 'provider']

/** Compose's rules for project names: https://docs.docker.com/compose/how-tos/project-name/ */
export function checkAppName(name: string): FieldError[] {
  const problem = problemOfName(name)
  return problem ? [{ field: 'name', message: problem }] : []
}

function problemOfName(name: string): string | null {
  if (name.length === 0) return 'is empty. Enter a name such as "web-shop"'
  if (name.length > maxNameLength) return `has ${name.length} characters. The maximum is ${maxNameLength}`
  if (!/^[a-z0-9_-]+$/.test(name)) return 'can only contain lowercase letters (a-z), digits, dashes and underscores'
  if (!/^[a-z0-9]/.test(name)) return 'must start with a lowercase letter or a digit'
  return null
}

export interface ContentProblems {
  /** Files that cannot be parsed, are too large to parse, or run nothing. Compose is not asked. */
  refusals: FieldError[]
  /** Problems that some versions of Compose accept. If Compose accepts the file, they become warnings. */
  doubts: FieldError[]
}

/** Checks the text itself, before Compose is asked. Messages name the line and say how to fix it. */
export function checkComposeContent(text: string, parse: (text: string) => YamlDocument = parseYaml): ContentProblems {
  const [refusals, doubts] = problemsOfContent(text, parse)
  const toErrors = (messages: string[]): FieldError[] =>
    messages.slice(0, maxProblems).map((message) => ({ field: 'composeContent', message }))
  return { refusals: toErrors(refusals), doubts: toErrors(doubts) }
}

function problemsOfContent(text: string, parse: (text: string) => YamlDocument): [refusals: string[], doubts: string[]] {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxComposeBytes) return [[`is ${Math.ceil(bytes / 1024)} KiB. The maximum is ${maxComposeBytes / 1024} KiB`], []]
  const nul = text.indexOf('\0')
  if (nul >= 0)
    return [[`line ${text.slice(0, nul).split('\n').length}: contains a NUL character, which YAML does not allow. Remove it`], []]
  const yaml = parse(text)
  if (yaml.problems.length > 0) return [yaml.problems, []]
  const root = yaml.resolve(yaml.root)
  if (isEmpty(root)) return [['line 1: the file is empty. Add "services:" with at least one service'], []]
  if (!isMap(root)) return [[`${yaml.lineOf(root)}: a Compose file must be a mapping with the key "services", not ${kindOf(root)}`], []]
  const [refusals, doubts] = problemsOfServices(root, yaml)
  return [refusals, [...yaml.doubts, ...doubts]]
}

function problemsOfServices(root: YAMLMap, yaml: YamlDocument): [refusals: string[], doubts: string[]] {
  const pair = pairOf(root, 'services', yaml)
  // Included files have their own services.
  if (!pair && pairOf(root, 'include', yaml)) return [[], []]
  if (!pair) return [[missingServices(root, yaml)], []]
  const services = yaml.resolve(pair.value)
  const line = yaml.lineOf(pair.key)
  if (isEmpty(services)) return [[`${line}: "services" is empty. Add at least one service, indented below it`], []]
  if (!isMap(services)) return [[`${line}: "services" must be a mapping from names to services, not ${kindOf(services)}`], []]
  if (services.items.length === 0) return [[`${line}: "services" is empty. Add at least one service`], []]
  const tooLong = services.items.flatMap(({ key }) => problemOfLength(key, yaml) ?? [])
  return [tooLong, services.items.flatMap(({ key, value }) => problemsOfService(key, value, yaml))]
}

function missingServices(root: YAMLMap, yaml: YamlDocument): string {
  const misspelled = root.items.find(({ key }) => isScalar(key) && isNear('services', keyText(key)))
  if (!misspelled) return `${yaml.lineOf(root)}: the key "services" is missing. Add it, with at least one service`
  return `${yaml.lineOf(misspelled.key)}: the key "services" is missing. Did you mean "services" instead of "${keyText(misspelled.key as Scalar)}"?`
}

/** Compose may accept longer names, but nodes could not report their containers. */
function problemOfLength(key: unknown, yaml: YamlDocument): string | null {
  const node = yaml.resolve(key)
  const { length } = isScalar(node) ? keyText(node) : ''
  if (length <= maxServiceNameLength) return null
  return `${yaml.lineOf(key)}: the service name has ${length} characters. The maximum is ${maxServiceNameLength}`
}

function problemsOfService(key: unknown, value: unknown, yaml: YamlDocument): string[] {
  const nameNode = yaml.resolve(key)
  const line = yaml.lineOf(key)
  if (!isScalar(nameNode)) return [`${line}: the service name must be plain text, not ${kindOf(nameNode)}`]
  const name = keyText(nameNode)
  // "<<" can merge in several services. Compose itself checks those.
  if (name === '<<') return []
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) return [`${line}: the service name "${name}" can only contain letters, digits, ".", "_" and "-"`]
  const service = yaml.resolve(value)
  if (isEmpty(service)) return [`${line}: the service "${name}" is empty. Add an "image" or a "build", indented below it`]
  if (!isMap(service)) return [`${line}: the service "${name}" must be a mapping with an "image" or a "build", not ${kindOf(service)}`]
  const says = sourcesOfService.some((source) => {
    const pair = pairOf(service, source, yaml)
    return pair && !isEmpty(yaml.resolve(pair.value))
  })
  return says ? [] : [`${line}: the service "${name}" needs an "image" (such as "nginx:1.29") or a "build"`]
}

const isEmpty = (node: Node | null): boolean => node === null || (isScalar(node) && (node.value === null || node.value === ''))

const kindOf = (node: Node | null): string => (isSeq(node) ? 'a list' : isMap(node) ? 'a mapping' : 'a single value')
