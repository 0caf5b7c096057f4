/** What `image:` in a Compose file names, with everything that Docker adds by itself. */
export interface ImageReference {
  /** Host and port; `docker.io` under whichever of its names. */
  registry: string
  /** Such as `library/nginx`. */
  repository: string
  /** `latest` when the text names neither tag nor digest; null with a digest alone. */
  tag: string | null
  digest: string | null
}

export const dockerHub = 'docker.io'

/** Names under which Docker Hub is known in Compose files and in logins. */
const namesOfHub = new Set([dockerHub, 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'])

const host = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/
const path = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/
const digestText = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,128}$/
/** Docker's own limit for a repository with its registry. */
const longestName = 255

/** Source of the grammar: https://pkg.go.dev/github.com/distribution/reference. Null for what Docker would not accept either. */
export function parseImage(text: string): ImageReference | null {
  const [name = '', digest = null, ...more] = text.split('@')
  const tagged = /^(.*?)(?::([a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}))?$/.exec(name)
  const [, untagged = '', tag = null] = tagged ?? []
  const { registry, repository } = split(untagged)
  if (more.length > 0 || untagged.length > longestName || !host.test(registry) || !path.test(repository)) return null
  if (digest !== null && !digestText.test(digest)) return null
  return { registry, repository, tag: tag ?? (digest === null ? 'latest' : null), digest }
}

/** Only a first part that looks like a host is one: `localhost/app` and `my.host/app`, but `library/nginx` is on Docker Hub. */
function split(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  if (!/[.:]|^localhost$|[A-Z]/.test(first)) return onHub(name)
  return namesOfHub.has(first) ? onHub(name.slice(slash + 1)) : { registry: first.toLowerCase(), repository: name.slice(slash + 1) }
}

const onHub = (repository: string): { registry: string; repository: string } => ({
  registry: dockerHub,
  repository: repository.includes('/') ? repository : `library/${repository}`,
})

/** The one name of an image that has several, such as `docker.io/library/nginx:latest` for `nginx`. */
export const canonicalImage = ({ registry, repository, tag, digest }: ImageReference): string =>
  `${registry}/${repository}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`

/** A registry as a person may write it, for what is kept per registry. Null if it is not a host, or has a path. */
export function parseRegistry(text: string): string | null {
  const name = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/(?:v[12]\/?)?$/, '')
  if (!host.test(name)) return null
  return namesOfHub.has(name) ? dockerHub : name
}

/** The digests among an image's own (`nginx@sha256:...`) that are of this repository. */
export const digestsOf = ({ registry, repository }: ImageReference, repoDigests: string[]): string[] =>
  repoDigests.flatMap((text) => {
    const found = parseImage(text)
    return found?.digest && found.registry === registry && found.repository === repository ? found.digest : []
  })

/** arm64 has one variant, which not everyone writes. */
export const platformName = (os: string, architecture: string, variant = ''): string =>
  variant === '' || architecture === 'arm64' ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`
