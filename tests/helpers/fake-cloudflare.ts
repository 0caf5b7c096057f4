import { createServer, type IncomingMessage } from 'node:http'
import type { ExecutionContext } from 'ava'
import type { Account } from 'cloudflare/resources/accounts/accounts'
import type { TokenVerifyResponse } from 'cloudflare/resources/user/tokens/tokens'
import type { ErrorData } from 'cloudflare/resources/shared'
import type { Zone } from 'cloudflare/resources/zones/zones'
import { listen } from './sign-in-app.ts'

export const someAccount = '0123456789abcdef0123456789abcdef'
export const someZone = 'fedcba9876543210fedcba9876543210'

/** What a token may do in one account. */
export interface FakeToken {
  /** Whose it is. Each kind is verified at its own address. */
  of: 'user' | 'account'
  status: NonNullable<TokenVerifyResponse['status']>
  accountId: string
  mayEditTunnels: boolean
  /** The zone that it sees, if any, and whether it may edit the records. */
  zone: { mayEditDns: boolean } | null
}

export const ableToken = (given: Partial<FakeToken> = {}): FakeToken => ({
  ...{ of: 'user', status: 'active', accountId: someAccount, mayEditTunnels: true, zone: { mayEditDns: true } },
  ...given,
})

interface Answer {
  status: number
  result?: unknown
  errors?: Pick<ErrorData, 'code' | 'message'>[]
}

const found = (result: unknown): Answer => ({ status: 200, result })
const refused = (status: number, code: number, message: string): Answer => ({ status, errors: [{ code, message }] })
const forbidden = refused(403, 10_000, 'Authentication error')

/**
 * The part of Cloudflare's API that is used here, over real HTTP, because tests cannot reach Cloudflare. Paths, results and the form of
 * errors are those of its SDK; codes and words are those that its documentation gives.
 */
export async function fakeCloudflare(t: ExecutionContext<unknown>, tokens: Record<string, FakeToken> = {}) {
  const { server, url } = await listen(t, createServer())
  const state = {
    /** The API's address, as in CLOUDFLARE_API_URL. */
    url: `${url}/client/v4`,
    tokens,
    /** Received requests, as `METHOD /path`, newest last. */
    requests: [] as string[],
    /** What every request gets in place of an answer. */
    instead: null as number | null,
  }

  function answer({ method = '', headers }: IncomingMessage, { pathname }: URL): Answer {
    const token = state.tokens[headers.authorization?.replace('Bearer ', '') ?? '']
    const [, account] = /^\/accounts\/([^/]+)\//.exec(pathname) ?? []
    if (!token) return refused(401, 1000, 'Invalid API Token')
    const verified: TokenVerifyResponse = { id: 'b7a1', status: token.status }
    if (pathname === '/user/tokens/verify') return token.of === 'user' ? found(verified) : refused(401, 1000, 'Invalid API Token')
    if (account !== undefined && !/^[0-9a-f]{32}$/.test(account)) {
      return refused(400, 7003, `Could not route to ${pathname}, perhaps your object identifier is invalid?`)
    }
    if (pathname === `/accounts/${token.accountId}/tokens/verify`) return token.of === 'account' ? found(verified) : forbidden
    if (pathname === '/accounts') return found([{ id: token.accountId, name: 'Home', type: 'standard' } satisfies Account])
    if (pathname === '/zones') return found(token.zone ? [{ id: someZone, name: 'example.com' } satisfies Partial<Zone>] : [])
    if (method === 'DELETE' && pathname.startsWith(`/accounts/${token.accountId}/cfd_tunnel/`)) {
      return token.mayEditTunnels ? refused(404, 1003, 'Tunnel not found') : forbidden
    }
    if (method === 'DELETE' && pathname.startsWith(`/zones/${someZone}/dns_records/`)) {
      return token.zone?.mayEditDns ? refused(404, 81_044, 'Record does not exist.') : forbidden
    }
    return forbidden
  }

  server.on('request', (request: IncomingMessage, response) => {
    const asked = new URL(request.url ?? '/', url)
    const path = asked.pathname.replace('/client/v4', '')
    state.requests.push(`${request.method} ${path}`)
    const {
      status,
      result = null,
      errors = [],
    } = state.instead ? refused(state.instead, 0, 'not now') : answer(request, new URL(path, url))
    response.writeHead(status, { 'content-type': 'application/json', ...(state.instead ? { 'retry-after-ms': '1' } : {}) })
    const pages = Array.isArray(result) ? { result_info: { page: 1, per_page: 50, count: result.length, total_count: result.length } } : {}
    response.end(JSON.stringify({ success: status < 400, errors, messages: [], result, ...pages }))
  })
  return state
}
