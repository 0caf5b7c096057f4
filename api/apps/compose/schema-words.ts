import type { ErrorObject } from 'ajv'
import { doubtful, didYouMean, isOpen, named, shown, type Fault } from './fault.ts'
import { isMapping, type Path } from './draft-document.ts'

/** Each is compared with each. The first ones say what is wrong. */
const mostErrors = 500

/** What the schema says is wrong, in words: one fault for each place. */
export function faultsOf(errors: ErrorObject[], base: Path, value: unknown): Fault[] {
  const placed = errors.slice(0, mostErrors).map((error) => ({ error, path: stepsOf(error.instancePath, value), at: error.instancePath }))
  const choices = placed.filter(({ error }) => isChoice(error))
  const isUnder = (at: string, above: string): boolean => at === above || at.startsWith(`${above}/`)
  const told = new Map<string, Fault>()
  for (const { error, path, at } of placed) {
    if (isChoice(error) || isOpen(error.data) || isToldBetter(error, path)) continue
    const choice = choices.find((each) => each.at === at)
    if (error.keyword === 'type' && choice) {
      // One of several forms was meant: the one whose inside is wrong.
      const inside = placed.some(
        (each) => isUnder(each.at, at) && !isChoice(each.error) && (each.at !== at || each.error.keyword !== 'type'),
      )
      if (inside) continue
      const wanted = placed.filter((each) => each.at === at && each.error.keyword === 'type').flatMap((each) => typesOf(each.error))
      tell(path, mustBe([...base, ...path], wanted, error.data))
    } else tell(keyOf(error) ? [...path, keyOf(error) ?? ''] : path, inWords(error, [...base, ...path]))
  }
  return [...told.values()]

  function tell(path: Path, message: string): void {
    const place = JSON.stringify(path)
    if (!told.has(place)) told.set(place, doubtful([...base, ...path], message))
  }
}

/** `service-faults.ts` says what a container's name may look like. */
const isToldBetter = ({ keyword }: ErrorObject, path: Path): boolean => keyword === 'pattern' && path.at(-1) === 'container_name'

const isChoice = ({ keyword }: ErrorObject): boolean => keyword === 'oneOf' || keyword === 'anyOf'

/** The steps of a JSON pointer. What is a list shows in the value itself. */
function stepsOf(pointer: string, value: unknown): Path {
  let inside = value
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((key) => {
      const isList = Array.isArray(inside)
      inside = isList ? (inside as unknown[])[Number(key)] : isMapping(inside) ? inside[key] : undefined
      return isList ? Number(key) : key
    })
}

const keyOf = ({ keyword, params }: ErrorObject): string | null =>
  keyword === 'additionalProperties' ? String(params['additionalProperty']) : null

function inWords(error: ErrorObject, path: Path): string {
  const { keyword, params, data } = error
  const key = keyOf(error)
  if (key !== null) return unknownKey(key, path, knownKeys(error))
  if (keyword === 'type') return mustBe(path, typesOf(error), data)
  if (keyword === 'required') return `${named(path)} needs "${String(params['missingProperty'])}"`
  if (keyword === 'enum') return oneOf(path, params['allowedValues'] as unknown[], data)
  if (keyword === 'pattern' && path.at(-1) === 'pull_policy')
    return oneOf(path, ['always', 'never', 'missing', 'build', 'daily', 'weekly', 'every_<time>'], data)
  if (keyword === 'minimum') return `${named(path)} must be at least ${String(params['limit'])}, not ${shown(data)}`
  if (keyword === 'maximum') return `${named(path)} must be at most ${String(params['limit'])}, not ${shown(data)}`
  return `${named(path)} is ${shown(data)}, which is not valid here`
}

const knownKeys = ({ parentSchema }: ErrorObject): string[] =>
  isMapping(parentSchema) && isMapping(parentSchema['properties']) ? Object.keys(parentSchema['properties']) : []

/** What to say about a key that nobody knows. */
export function unknownKey(key: string, path: Path, known: string[]): string {
  if (known.length === 0) return `the name "${key}" can only contain letters, digits, ".", "_" and "-"`
  const isService = path.length === 2 && path[0] === 'services'
  const what = path.length === 0 ? 'top-level key' : isService ? 'service option' : `option of ${named(path)}`
  return `"${key}" is not a valid ${what}${didYouMean(key, known)}`
}

function oneOf(path: Path, allowed: unknown[], data: unknown): string {
  const words = allowed.map(String)
  return `${named(path)} must be one of ${words.join(', ')}, not ${shown(data)}${typeof data === 'string' ? didYouMean(data, words) : ''}`
}

const typesOf = ({ params }: ErrorObject): string[] => [params['type'] as string | string[]].flat()

const kinds: Record<string, string> = {
  string: 'text',
  array: 'a list',
  object: 'a mapping',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
}

function mustBe(path: Path, types: string[], data: unknown): string {
  if (path.at(-1) === 'ports' && types.includes('array')) return `${named(path)} must be a list of ports, such as "8080:80"`
  // Text stands for a variable wherever something else is allowed too.
  const wanted = [...new Set(types)].filter((type) => type !== 'null' && !(type === 'string' && types.includes('boolean')))
  const words = wanted.map((type) => kinds[type] ?? type).join(' or ')
  const isUnquoted = wanted.includes('string') && (typeof data === 'number' || typeof data === 'boolean')
  return `${named(path)} must be ${words}${isUnquoted ? '. Put it in quotes' : ''}`
}
