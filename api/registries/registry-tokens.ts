import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { parseChallenge } from './challenge.ts'
import { RegistryError } from './registry-error.ts'
import type { RegistryAnswer, RegistryQuestion } from './registry-http.ts'

export interface Login {
  username: string
  password: string
}

/** Who asks for what. `login` is null for an anonymous question. */
export interface Asking {
  registry: string
  repository: string
  login: Login | null
}

/** Tokens of most registries live for 5 minutes; the specification says 60 s for one that does not say. */
const assumedSeconds = 60
/** A token is not used in its last seconds: the registry's clock may be ahead. */
const marginMs = 10_000
/** Thousands of repositories at once are more than any cluster runs. */
const mostTokens = 2000
const mostTokenBytes = 64 * 1024

const tokenAnswer = z.object({
  token: z.string().max(mostTokenBytes).optional(),
  access_token: z.string().max(mostTokenBytes).optional(),
  expires_in: z.number().min(0).max(86_400).optional(),
})

export const basic = ({ username, password }: Login): string => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

export type RegistryTokens = ReturnType<typeof createRegistryTokens>

/** What opens a repository at a registry: a token for reading that one, or the login itself. Kept in memory while it is valid. */
export function createRegistryTokens({
  ask,
  clock,
}: {
  ask: (registry: string, question: RegistryQuestion) => Promise<RegistryAnswer>
  clock: Clock
}) {
  const known = new Map<string, { authorization: string; until: number }>()
  const keyOf = ({ registry, repository, login }: Asking): string => JSON.stringify([registry, repository, login])

  function keep(asking: Asking, authorization: string, seconds: number): string {
    known.delete(keyOf(asking))
    known.set(keyOf(asking), { authorization, until: clock.now().getTime() + seconds * 1000 - marginMs })
    for (const oldest of known.keys()) {
      if (known.size <= mostTokens) break
      known.delete(oldest)
    }
    return authorization
  }

  async function fetchToken(asking: Asking, realm: string, service: string | null, from: URL): Promise<string> {
    const url = URL.parse(realm)
    // The login goes there, so it may only be plain where the registry itself is.
    const isAllowed = url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && from.protocol === 'http:'))
    if (!isAllowed) throw new RegistryError('refused', `${asking.registry} sends callers to an address that is not https for their token`)
    if (service !== null) url.searchParams.set('service', service)
    // Always our own scope: GHCR, for one, answers with a placeholder.
    url.searchParams.set('scope', `repository:${asking.repository}:pull`)
    const authorization = asking.login ? basic(asking.login) : null
    const question = { method: 'GET', url, headers: { accept: 'application/json' }, authorization, mostBytes: mostTokenBytes } as const
    const answer = await ask(asking.registry, question)
    if (answer.status === 401 || answer.status === 403) throw refusedLogin(asking, answer.status)
    const read = answer.status === 200 ? tokenAnswer.safeParse(jsonOf(answer.body)).data : undefined
    const token = read?.token ?? read?.access_token
    if (!read || !token) throw new RegistryError('unreadable', `${url.host} gave no token (${answer.status})`)
    return keep(asking, `Bearer ${token}`, read.expires_in ?? assumedSeconds)
  }

  return {
    /** What was valid last time; null to ask without. */
    current(asking: Asking): string | null {
      const found = known.get(keyOf(asking))
      return found && found.until > clock.now().getTime() ? found.authorization : null
    },

    /** What the registry wants, by the challenge in its 401. @throws RegistryError if we do not have it */
    async answer(asking: Asking, refusal: RegistryAnswer, from: URL): Promise<string> {
      known.delete(keyOf(asking))
      const challenge = parseChallenge(refusal.header('www-authenticate') ?? '')
      if (challenge?.scheme === 'bearer') return fetchToken(asking, challenge.realm, challenge.service, from)
      if (challenge === null || !asking.login) throw refusedLogin(asking, refusal.status)
      return keep(asking, basic(asking.login), 3600)
    },
  }
}

export const refusedLogin = ({ registry, repository, login }: Asking, status: number): RegistryError =>
  new RegistryError(
    'refused',
    login
      ? `${registry} refuses ${repository} to the user ${login.username} (${status}). Check the user name and password for ${registry}, and that this user can pull it`
      : `${registry} refuses ${repository} without a login (${status}). The image is private or does not exist. An administrator can enter a user name and password for ${registry}`,
  )

export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    return null
  }
}
