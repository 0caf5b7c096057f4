import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'

/** A token with an unknown key makes us fetch the keys again, but no more often than this. */
const defaultCooldownMs = 30_000

/** Cloudflare rotates its keys every six weeks and announces each a week ahead. */
const keysMs = 3600 * 1000

/** The person or service token that Cloudflare Access let through. */
export interface EdgeIdentity {
  /** The client id for a service token. */
  email: string
  name: string | null
  subject: string
  expiresAt: Date
}

export type CloudflareAccess = ReturnType<typeof createCloudflareAccess>

/**
 * Checks the token that Cloudflare Access adds to every request it lets through.
 * Source: https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/
 */
export function createCloudflareAccess(deps: { issuer: string; audience: string; clock: Clock; log: Log; cooldownMs?: number }) {
  const { issuer, audience, clock, log } = deps
  const keysUrl = new URL(`${issuer}/cdn-cgi/access/certs`)
  const keys = createRemoteJWKSet(keysUrl, {
    cooldownDuration: deps.cooldownMs ?? defaultCooldownMs,
    cacheMaxAge: keysMs,
    timeoutDuration: 5000,
  })
  let hasKeys = true

  /** Logs one line per change, not per refused request, so that an operator notices. */
  function noteKeys(reachable: boolean, reason?: string): void {
    if (reachable === hasKeys) return
    hasKeys = reachable
    if (reachable) log.info({ url: keysUrl.href }, 'cloudflare access keys are available again')
    else log.error({ url: keysUrl.href, error: reason }, 'cannot fetch cloudflare access keys, so nobody can get in')
  }

  async function claimsOf(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        ...{ issuer, audience },
        algorithms: ['RS256', 'ES256'],
        requiredClaims: ['exp'],
        currentDate: clock.now(),
      })
      noteKeys(true)
      return payload
    } catch (error) {
      if (isKeysFault(error)) noteKeys(false, error instanceof TypeError ? errorMessage(error.cause ?? error) : errorMessage(error))
      else log.debug({ error: errorMessage(error) }, 'cloudflare access token refused')
      throw refusal(error)
    }
  }

  return {
    /** @throws UNAUTHENTICATED, with the same message for every reason */
    async verify(token: string): Promise<EdgeIdentity> {
      const { email, common_name: commonName, name, sub, exp } = await claimsOf(token)
      const who = text(email) ?? text(commonName)
      if (who === null || exp === undefined) throw refusal()
      return { email: who, name: text(name), subject: sub || who, expiresAt: new Date(exp * 1000) }
    },
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

const refusal = (cause?: unknown): AppError => new AppError('UNAUTHENTICATED', 'The Cloudflare Access token is not valid here', { cause })

/** Whether fetching the keys failed, as opposed to a token that does not match them. */
const isKeysFault = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) ||
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  error.code === errors.JOSEError.code
