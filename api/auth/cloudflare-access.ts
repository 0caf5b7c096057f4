import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'

/** Tokens with unknown keys make us ask for the keys again, but no more often than this, however many come. */
const defaultCooldownMs = 30_000

/** Cloudflare rotates its keys every six weeks and announces each a week ahead. */
const keysMs = 3600 * 1000

/** Who Cloudflare Access let through: a person, or a service token. */
export interface EdgeIdentity {
  /** Of a service token: its client id. */
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

  /** An operator has to see this; one line says it for all requests that it turns away. */
  function noteKeys(reachable: boolean, reason?: string): void {
    if (reachable === hasKeys) return
    hasKeys = reachable
    if (reachable) log.info({ url: keysUrl.href }, 'cloudflare access keys are there again')
    else log.error({ url: keysUrl.href, error: reason }, 'cloudflare access keys cannot be fetched, nobody is let in')
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
    /** @throws UNAUTHENTICATED, in the same words whatever is wrong */
    async verify(token: string): Promise<EdgeIdentity> {
      const { email, common_name: commonName, name, sub, exp } = await claimsOf(token)
      const who = text(email) ?? text(commonName)
      if (who === null || exp === undefined) throw refusal()
      return { email: who, name: text(name), subject: sub || who, expiresAt: new Date(exp * 1000) }
    },
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

const refusal = (cause?: unknown): AppError =>
  new AppError('UNAUTHENTICATED', 'The token of Cloudflare Access is not valid here', { cause })

/** Whether the keys could not be had, as against a token that they do not fit. */
const isKeysFault = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) ||
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  error.code === errors.JOSEError.code
