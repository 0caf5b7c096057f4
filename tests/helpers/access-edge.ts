import { createServer } from 'node:http'
import type { ExecutionContext } from 'ava'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { listen } from './sign-in-app.ts'

/** Cloudflare Access for one team, over real HTTP: its keys, and the headers it adds to a person's requests. */
export async function accessEdge(t: ExecutionContext<unknown>, now = new Date()) {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const key = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' }
  const keys = createServer((_request, response) => response.end(JSON.stringify({ keys: [key] })))
  const { url } = await listen(t, keys)
  const seconds = Math.floor(now.getTime() / 1000)
  return {
    url,
    /** Settings of a primary behind it. */
    settings: { AUTH_ENABLED: 'false', CF_ACCESS_TEAM_DOMAIN: url, CF_ACCESS_AUD: 'audience' },
    /** Valid for an hour unless the claims say otherwise. */
    async header(email: string, claims: { iss?: string; aud?: string; exp?: number; sub?: string } = {}) {
      const payload = { iss: url, aud: 'audience', exp: seconds + 3600, sub: email, email, ...claims }
      const token = await new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(privateKey)
      return { 'cf-access-jwt-assertion': token }
    },
    past: seconds - 60,
  }
}
