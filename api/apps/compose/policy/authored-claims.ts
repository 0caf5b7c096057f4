import { posix } from 'node:path'
import { isMap, isScalar, isSeq } from 'yaml'
import { bounds } from '../../../bounds.ts'
import { parseYaml, type YamlDocument } from '../../yaml-document.ts'
import type { Claim, PathClaim, ValueClaim } from './policy-finding.ts'
import { unknown, withVariables, type Lookup } from './variable-text.ts'
import { allPairs, pairsNamed, textOfScalar } from './yaml-pairs.ts'

export interface AuthoredSources {
  /** A text file by its absolute path; null when there is none. */
  read: (path: string) => Promise<string | null>
  /** All variables of Compose's process. */
  variables: Record<string, string | undefined>
}

/** More than anyone splits an app into, and quickly read. */
const mostFiles = 50

/** A file that belongs to the app's description. */
interface Source {
  text: string
  /** Absolute; null for the app's own file. */
  file: string | null
  /** Where its relative paths start. */
  base: string
  /** An included file can have an environment of its own. */
  isIncluded: boolean
}

/**
 * What resolving a file reads from outside the app's folder. It is looked for in the text, because Compose has read it by the time it
 * prints a model: files of variables and labels, other Compose files, and what those refer to.
 */
export async function authoredClaims({
  content,
  folder,
  read,
  variables,
}: AuthoredSources & { content: string; folder: string }): Promise<Claim[]> {
  const claims: Claim[] = [dotEnvClaim(folder)]
  const dotEnv = (await read(posix.join(folder, '.env'))) ?? ''
  const waiting: Source[] = [{ text: content, file: null, base: folder, isIncluded: false }]
  const seen = new Set<string>()
  for (let source = waiting.shift(); source; source = waiting.shift()) {
    const { isIncluded } = source
    const lookup: Lookup = (name) => variables[name] ?? (isIncluded || dotEnv.includes(name) ? unknown : undefined)
    for (const reference of referencesIn(source, { lookup, home: variables['HOME'] ?? '' })) {
      claims.push(reference.claim)
      const { follow } = reference
      if (!follow) continue
      const key = JSON.stringify([follow.file, follow.base, follow.isIncluded])
      if (seen.has(key)) continue
      seen.add(key)
      const text = seen.size > mostFiles ? null : await read(follow.file)
      if (seen.size > mostFiles) claims.push(unreadable(follow.file, `The app has more than ${mostFiles} Compose files. Join some of them`))
      if (follow.isIncluded) claims.push({ ...dotEnvClaim(follow.base), within: follow.base })
      if (text !== null) waiting.push({ ...follow, text })
    }
  }
  return claims
}

/** Compose reads it, whether the file names it or not. */
const dotEnvClaim = (folder: string): PathClaim => ({
  ...{ service: '', rule: 'host-file', path: ['.env'], written: [] },
  ...{ hostPath: posix.join(folder, '.env'), isReadOnly: true },
})

const unreadable = (file: string, words: string): ValueClaim => ({
  ...{ service: '', rule: 'external-include', detail: file, path: ['include'], written: [posix.basename(file)], isOpen: true },
  words,
})

interface Reference {
  claim: Claim
  /** The Compose file to read next. */
  follow?: Omit<Source, 'text' | 'file'> & { file: string }
}

interface Reading {
  lookup: Lookup
  home: string
}

function referencesIn(source: Source, reading: Reading): Reference[] {
  const { text, file } = source
  if (text.length > bounds.app.composeBytes)
    return [{ claim: unreadable(file ?? '', `${posix.basename(file ?? '')} is too large to be checked`) }]
  // YAML 1.1, which Compose reads, ends lines at these characters too.
  const texts = /[\x85\u2028\u2029]/.test(text) ? [text, text.replace(/[\x85\u2028\u2029]/g, '\n')] : [text]
  return texts.flatMap((each) => {
    const yaml = parseYaml(each)
    const [problem] = yaml.problems
    if (problem !== undefined) {
      return file === null ? [] : [{ claim: unreadable(file, `${posix.basename(file)} cannot be checked: ${problem}`) }]
    }
    return [...includesIn(yaml, source, reading), ...servicesIn(yaml, source, reading)]
  })
}

const isRemote = (path: string): boolean => /^[a-z][a-z0-9+.-]*:|^git@|^github\.com\//i.test(path)

type Place = Pick<Claim, 'service' | 'path'>

/** A text in a file that names another file. */
function claimOf(
  value: unknown,
  rule: PathClaim['rule'],
  place: Place,
  { base }: Source,
  yaml: YamlDocument,
  { lookup, home }: Reading,
): Claim & { target?: string } {
  const node = yaml.resolve(value)
  const written = isScalar(node) ? textOfScalar(node) : ''
  const open = (detail: string): Claim => ({ ...place, rule, detail, written: [written], isOpen: true })
  if (!isScalar(node)) return open('a value that is no text')
  const path = withVariables(written, lookup)
  if (path === null) return open(written)
  if (rule === 'external-include' && isRemote(path)) return { ...place, rule, detail: path, written: [written] }
  const full = /^~(\/|$)/.test(path) ? home + path.slice(1) : path
  const target = full.startsWith('/') || full.startsWith('~') ? full : `${base}/${full}`
  return { ...place, rule, hostPath: target, isReadOnly: true, written: [written], target }
}

function includesIn(yaml: YamlDocument, source: Source, reading: Reading): Reference[] {
  const place = (...more: (string | number)[]): Place => ({ service: '', path: ['include', ...more] })
  const claim = (value: unknown, rule: PathClaim['rule'], at: Place) => claimOf(value, rule, at, source, yaml, reading)
  return pairsNamed(yaml, yaml.root, 'include').flatMap(({ value }) =>
    itemsOf(value, yaml).flatMap((item, index) => {
      const isLong = isMap(yaml.resolve(item))
      const paths = isLong ? valuesOf(item, 'path', yaml) : [item]
      const files = paths.map((path) => claim(path, 'external-include', place(index)))
      const folders = (isLong ? valuesOf(item, 'project_directory', yaml) : []).map((each) =>
        claim(each, 'external-include', place(index, 'project_directory')),
      )
      const variables = (isLong ? valuesOf(item, 'env_file', yaml) : []).map((each) => claim(each, 'host-file', place(index, 'env_file')))
      const first = files.find(({ target }) => target !== undefined)?.target
      const bases = folders.length > 0 ? folders.flatMap(({ target }) => target ?? []) : first === undefined ? [] : [posix.dirname(first)]
      const followed = files.flatMap(({ target: file, ...each }): Reference[] =>
        file === undefined ? [{ claim: each }] : bases.map((base) => ({ claim: each, follow: { file, base, isIncluded: true } })),
      )
      return [...followed, ...[...folders, ...variables].map((each) => ({ claim: each }))]
    }),
  )
}

function servicesIn(yaml: YamlDocument, source: Source, reading: Reading): Reference[] {
  const services = pairsNamed(yaml, yaml.root, 'services').flatMap(({ value }) => allPairs(yaml, value))
  return services.flatMap(({ key, value }) => {
    const service = isScalar(key) ? textOfScalar(key) : ''
    const place = (...more: (string | number)[]): Place => ({ service, path: ['services', service, ...more] })
    const files = ['env_file', 'label_file'].flatMap((option) =>
      pairsNamed(yaml, value, option).flatMap((pair) =>
        itemsOf(pair.value, yaml).flatMap((item, index) =>
          (isMap(yaml.resolve(item)) ? valuesOf(item, 'path', yaml) : [item]).map((each) => ({
            claim: claimOf(each, 'host-file', place(option, index), source, yaml, reading),
          })),
        ),
      ),
    )
    const extended = pairsNamed(yaml, value, 'extends').flatMap((pair) =>
      valuesOf(pair.value, 'file', yaml).map((each): Reference => {
        const { target: file, ...claim } = claimOf(each, 'external-include', place('extends', 'file'), source, yaml, reading)
        return file === undefined ? { claim } : { claim, follow: { file, base: posix.dirname(file), isIncluded: source.isIncluded } }
      }),
    )
    return [...files, ...extended]
  })
}

/** One value or a list of them. Nothing for an empty one. */
function itemsOf(value: unknown, yaml: YamlDocument): unknown[] {
  const node = yaml.resolve(value)
  if (isSeq(node)) return node.items
  return node === null || (isScalar(node) && (node.value === null || node.value === '')) ? [] : [node]
}

const valuesOf = (map: unknown, name: string, yaml: YamlDocument): unknown[] =>
  pairsNamed(yaml, map, name).flatMap(({ value }) => itemsOf(value, yaml))
