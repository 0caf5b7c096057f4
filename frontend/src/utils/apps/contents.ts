import type { CreateAppInput, UpdateAppInput } from '../../graphql/generated/graphql.ts'

/** A text file beside the Compose file. Null: a secret one, whose content stays on its node. */
export interface FileDraft {
  path: string
  content: string | null
  secret: boolean
}
/** Null: a secret whose value stays on its node. */
export interface VariableDraft {
  name: string
  value: string | null
  secret: boolean
}
/** What a version of an app is made of. */
export interface Contents {
  composeContent: string
  files: FileDraft[]
  environment: VariableDraft[]
  profiles: string[]
}

export type Change = 'added' | 'changed' | 'removed'

/** A file or a variable that two states of an app differ in. */
export interface NamedChange {
  name: string
  change: Change
}

export const composeFile = 'compose.yaml'

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

function changesOf<Item>(before: Item[], after: Item[], nameOf: (item: Item) => string): NamedChange[] {
  const [old, now] = [before, after].map((items) => new Map(items.map((item) => [nameOf(item), item])))
  const added = [...(now ?? [])].flatMap(([name, item]): NamedChange[] =>
    !old?.has(name) ? [{ name, change: 'added' }] : same(old.get(name), item) ? [] : [{ name, change: 'changed' }],
  )
  const removed = [...(old?.keys() ?? [])].filter((name) => !now?.has(name))
  return [...added, ...removed.map((name) => ({ name, change: 'removed' as const }))]
}

export const fileChanges = (before: Contents, after: Contents): NamedChange[] => [
  ...(before.composeContent === after.composeContent ? [] : [{ name: composeFile, change: 'changed' as const }]),
  ...changesOf(before.files, after.files, ({ path }) => path),
]

export const variableChanges = (before: Contents, after: Contents): NamedChange[] =>
  changesOf(before.environment, after.environment, ({ name }) => name)

export const profilesDiffer = (before: Contents, after: Contents): boolean => !same(before.profiles.toSorted(), after.profiles.toSorted())

export const contentsDiffer = (before: Contents, after: Contents): boolean =>
  fileChanges(before, after).length + variableChanges(before, after).length > 0 || profilesDiffer(before, after)

/** Only what changed, so that a save keeps what another one did elsewhere, and a node that lacks the rest is not asked for it. */
export function updateOf(before: Contents, after: Contents): UpdateAppInput {
  return {
    ...(before.composeContent === after.composeContent ? {} : { composeContent: after.composeContent }),
    ...(same(before.files, after.files) ? {} : { files: after.files }),
    ...(same(before.environment, after.environment) ? {} : { environment: after.environment }),
    ...(profilesDiffer(before, after) ? { profiles: after.profiles } : {}),
  }
}

type Lists = Pick<CreateAppInput, 'files' | 'environment' | 'profiles'>

/** Without what is empty, which older nodes do not know. */
export const filledLists = (lists: Lists): Lists =>
  Object.fromEntries((['files', 'environment', 'profiles'] as const).flatMap((name) => (lists[name]?.length ? [[name, lists[name]]] : [])))

const verbs = { added: 'added', changed: 'changed', removed: 'removed' } as const

/** Such as `compose.yaml changed, PORT added`. */
export const changeWords = (changes: NamedChange[], most = 4): string => {
  const words = changes.slice(0, most).map(({ name, change }) => `${name} ${verbs[change]}`)
  return [...words, ...(changes.length > most ? [`${changes.length - most} more`] : [])].join(', ')
}

function mergedItems<Item>(base: Item[], mine: Item[], newer: Item[], nameOf: (item: Item) => string): Item[] {
  const changes = changesOf(base, mine, nameOf)
  const isRemoved = new Set(changes.flatMap(({ name, change }) => (change === 'removed' ? name : [])))
  const isMine = new Set(changes.map(({ name }) => name))
  const own = new Map(mine.map((item) => [nameOf(item), item]))
  const kept = newer
    .filter((item) => !isRemoved.has(nameOf(item)))
    .map((item) => (isMine.has(nameOf(item)) ? (own.get(nameOf(item)) ?? item) : item))
  const there = new Set(kept.map(nameOf))
  return [...kept, ...mine.filter((item) => isMine.has(nameOf(item)) && !there.has(nameOf(item)))]
}

/** A draft that began with `base`, on top of a newer version: what the draft left alone is taken from there. */
export function mergedContents(base: Contents, mine: Contents, newer: Contents): Contents {
  return {
    composeContent: mine.composeContent === base.composeContent ? newer.composeContent : mine.composeContent,
    files: mergedItems(base.files, mine.files, newer.files, ({ path }) => path),
    environment: mergedItems(base.environment, mine.environment, newer.environment, ({ name }) => name),
    profiles: profilesDiffer(base, mine) ? mine.profiles : newer.profiles,
  }
}

/** A draft with what another version has. A secret keeps the value that is stored now, and one that is stored no longer must be entered again. */
export function draftFrom(version: Contents, now: Contents): Contents {
  const paths = new Set(now.files.flatMap(({ path, secret }) => (secret ? path : [])))
  const names = new Set(now.environment.flatMap(({ name, secret }) => (secret ? name : [])))
  return {
    composeContent: version.composeContent,
    profiles: version.profiles,
    files: version.files.map(({ path, content, secret }) => ({
      path,
      content: paths.has(path) && secret ? content : (content ?? ''),
      secret,
    })),
    environment: version.environment.map(({ name, value, secret }) => ({
      name,
      value: names.has(name) && secret ? value : (value ?? ''),
      secret,
    })),
  }
}

/** As the server answers after a save: without what is secret. */
export const sealedContents = (contents: Contents): Contents => ({
  ...contents,
  files: contents.files.map((file) => (file.secret ? { ...file, content: null } : file)),
  environment: contents.environment.map((variable) => (variable.secret ? { ...variable, value: null } : variable)),
})
