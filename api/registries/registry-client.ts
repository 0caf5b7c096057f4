import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { canonicalImage, dockerHub, type ImageReference } from '../image-reference.ts'
import { isLoopbackHost } from '../loopback.ts'
import { acceptedManifests, entryFor, isIndexType, readIndex, type IndexEntries } from './manifests.ts'
import type { RegistryBudget } from './registry-budget.ts'
import { RegistryError } from './registry-error.ts'
import type { RegistryAnswer, RegistryHttp, RegistryQuestion } from './registry-http.ts'
import { createRegistryTokens, jsonOf, refusedLogin, type Asking, type Login } from './registry-tokens.ts'

/** What a tag names now. */
export interface Latest {
  /** The digest of the tag: of the index for an image of several platforms. */
  digest: string
  /** Digests that stand for the same image on this platform: the tag's, that of its manifest, and of older indexes with that manifest. */
  same: string[]
}

/** A manifest has a few KiB, an index of many platforms tens of them. */
const mostManifestBytes = 1024 * 1024
/** Digests never change what they name, so what is remembered is limited by number only. */
const mostKept = 1000
/** An image that was pulled under many names has more; the first are enough. */
const mostCompared = 4

export type RegistryClient = ReturnType<typeof createRegistryClient>

/** Asks registries what their tags name. Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
export function createRegistryClient(deps: {
  http: RegistryHttp
  budget: RegistryBudget
  clock: Clock
  loginFor: (registry: string) => Login | null | Promise<Login | null>
  /** Registries besides those on this machine that may be asked without TLS. */
  mayBePlain?: (registry: string) => boolean | Promise<boolean>
}) {
  const { http, budget, clock } = deps
  const ask = (registry: string, question: RegistryQuestion): Promise<RegistryAnswer> => budget.run(registry, () => http.ask(question))
  const tokens = createRegistryTokens({ ask, clock })
  /** Where each registry answered, for those that may be asked without TLS. */
  const bases = new Map<string, string>()
  const indexes = new Map<string, IndexEntries | null>()
  const tags = new Map<string, { digest: string; isIndex: boolean }>()

  /** With TLS first, as Docker does, where plain HTTP is allowed at all. */
  async function basesOf(registry: string): Promise<string[]> {
    if (registry === dockerHub) return ['https://registry-1.docker.io']
    const isPlain = isLoopbackHost(registry) || (await deps.mayBePlain?.(registry)) === true
    if (!isPlain) return [`https://${registry}`]
    const known = bases.get(registry)
    return known === undefined ? [`https://${registry}`, `http://${registry}`] : [known]
  }

  async function manifest(asking: Asking, reference: string, method: 'GET' | 'HEAD', known?: string): Promise<RegistryAnswer> {
    const [first = '', second] = await basesOf(asking.registry)
    const from = (base: string) => authorized(asking, new URL(`${base}/v2/${asking.repository}/manifests/${reference}`), method, known)
    if (second === undefined) return from(first)
    return from(first).catch(async (error: unknown) => {
      if (!(error instanceof RegistryError && error.kind === 'unreachable')) throw error
      const answer = await from(second)
      bases.set(asking.registry, second)
      return answer
    })
  }

  async function authorized(asking: Asking, url: URL, method: 'GET' | 'HEAD', known?: string): Promise<RegistryAnswer> {
    const headers = { accept: acceptedManifests, ...(known === undefined ? {} : { 'if-none-match': `"${known}"` }) }
    const send = (authorization: string | null) =>
      ask(asking.registry, { method, url, headers, authorization, mostBytes: mostManifestBytes })
    const answer = await send(tokens.current(asking))
    if (answer.status !== 401) return answer
    const again = await send(await tokens.answer(asking, answer, url))
    if (again.status === 401) throw refusedLogin(asking, again.status)
    return again
  }

  /** The digest of a tag, without fetching what it names if the registry lets us. */
  async function lookUp(asking: Asking, tag: string): Promise<{ digest: string; isIndex: boolean }> {
    const name = `${asking.registry}/${asking.repository}:${tag}`
    const known = tags.get(name)
    const head = await manifest(asking, tag, 'HEAD', known?.digest)
    if (head.status === 304 && known) return known
    const digest = head.header('docker-content-digest')
    // Some registries answer HEAD with 405 or 501, and some leave the digest out.
    refuseOthers(asking, tag, head, [200, 405, 501])
    const isEnough = head.status === 200 && digest !== null
    const found = isEnough ? { digest, isIndex: isIndexType(head.header('content-type')) } : await fetchTag(asking, tag)
    tags.delete(name)
    tags.set(name, found)
    dropOldest(tags, mostKept)
    return found
  }

  async function fetchTag(asking: Asking, tag: string): Promise<{ digest: string; isIndex: boolean }> {
    const answer = refuseOthers(asking, tag, await manifest(asking, tag, 'GET'), [200])
    const digest = digestOf(answer.body)
    const entries = readIndex(jsonOf(answer.body))
    if (entries) keepIndex(`${asking.registry}/${asking.repository}@${digest}`, entries)
    return { digest, isIndex: entries !== null }
  }

  function keepIndex(name: string, entries: IndexEntries | null): IndexEntries | null {
    indexes.set(name, entries)
    dropOldest(indexes, mostKept)
    return entries
  }

  /** The manifests of an index, which is asked for once: a digest never names anything else. Null if it is none, or gone. */
  async function expand(asking: Asking, digest: string): Promise<IndexEntries | null> {
    const name = `${asking.registry}/${asking.repository}@${digest}`
    const known = indexes.get(name)
    if (known !== undefined) return known
    if (budget.isShort(asking.registry)) {
      throw new RegistryError('limited', `${asking.registry} has almost no requests left for this address, which are kept for pulls`)
    }
    const answer = await manifest(asking, digest, 'GET')
    if (answer.status === 404) return keepIndex(name, null)
    refuseOthers(asking, digest, answer, [200])
    if (digest.startsWith('sha256:') && digestOf(answer.body) !== digest) {
      throw new RegistryError('unreadable', `${asking.registry} answered with something else than ${digest}`)
    }
    return keepIndex(name, readIndex(jsonOf(answer.body)))
  }

  return {
    /**
     * What an image's tag names now on this platform, compared with the digests that a node has of it. Only when these differ are the
     * indexes fetched, to see whether the difference concerns this platform at all.
     *
     * @throws RegistryError
     */
    async latest(image: ImageReference, platform: string, present: string[]): Promise<Latest> {
      const { registry, repository, tag } = image
      const asking: Asking = { registry, repository, login: await deps.loginFor(registry) }
      const { digest, isIndex } = await lookUp(asking, tag ?? 'latest')
      const same = [digest]
      if (present.includes(digest)) return { digest, same }
      const own = isIndex ? entryFor((await expand(asking, digest)) ?? new Map<string, string>(), platform) : digest
      if (own === null) throw new RegistryError('missing', `${canonicalImage(image)} does not exist for ${platform}`)
      if (own !== digest) same.push(own)
      for (const older of present.slice(0, mostCompared)) {
        if (same.includes(older)) continue
        const entries = await expand(asking, older)
        if (entries && entryFor(entries, platform) === own) same.push(older)
      }
      return { digest, same }
    },

    /** After a change of its credentials. */
    forget(registry: string): void {
      budget.forgive(registry)
      bases.delete(registry)
    },
  }
}

function dropOldest(kept: Map<string, unknown>, most: number): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= most) break
    kept.delete(oldest)
  }
}

const digestOf = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`

function refuseOthers(asking: Asking, reference: string, answer: RegistryAnswer, good: number[]): RegistryAnswer {
  if (good.includes(answer.status)) return answer
  const { registry, repository } = asking
  if (answer.status === 404) throw new RegistryError('missing', `${registry} has no ${repository}:${reference}`)
  if (answer.status === 403) throw refusedLogin(asking, answer.status)
  if (answer.status >= 500) throw new RegistryError('unreachable', `${registry} is out of order: it answers ${answer.status}`)
  throw new RegistryError('unreadable', `${registry} answers ${answer.status} to a question about ${repository}`)
}
