import { createHash } from 'node:crypto'

const registry = 'selfhostly.local'

/** A part of an image's name, as Docker allows it: https://github.com/distribution/reference */
const isPart = (text: string): boolean => /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/.test(text)

/** Docker allows less in an image's name than Compose in that of a service, so some get another one, which is just as unique. */
function partOf(name: string): string {
  if (isPart(name)) return name
  const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') // prettier-ignore
  return `${plain || 'x'}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}

/** Matches all repositories that hold images of an app. */
export const heldByApp = (app: string): string => `${registry}/${partOf(app)}/*`

/** The repository and tag that keep the image which a version of an app ran a service with. */
export const heldName = (app: string, service: string, version: number): { repository: string; tag: string } => ({
  repository: `${registry}/${partOf(app)}/${partOf(service)}`,
  tag: `v${version}`,
})

/** What a name holds an image for, such as `shop/web v3`; null for a name that holds none. */
export function heldFor(name: string): string | null {
  const [, place, version] = new RegExp(`^${registry.replace('.', '[.]')}/(.+):(v\\d+)$`).exec(name) ?? []
  return place && version ? `${place} ${version}` : null
}

/** The version in a name that `heldName` made. */
export const heldVersion = (name: string): number => Number(/:v(\d+)$/.exec(name)?.[1] ?? Number.NaN)

/** An image's name without tag and digest. */
export const repositoryOf = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')

/** The digest by which the registry of `image` knows it; null when it does not come from there. */
export function digestIn(image: string, digests: string[]): string | null {
  const own = digests.find((digest) => isSameRepository(repositoryOf(digest), repositoryOf(image)))
  return own?.split('@')[1] ?? null
}

/** Docker leaves out its own registry, and `library/`, in the digests that it lists. */
const isSameRepository = (one: string, other: string): boolean => familiar(one) === familiar(other)
const familiar = (repository: string): string => repository.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, '').replace(/^library\//, '')
