import type { FieldError } from '../../errors.ts'
import { openCloudflare, type CloudflareClient } from './cloudflare-client.ts'
import { cloudflareAway, refusalOf, type CloudflareRefusal } from './cloudflare-error.ts'

/** Ids that Cloudflare gives to nothing. */
const noTunnel = '00000000-0000-0000-0000-000000000000'
const noRecord = '0'.repeat(32)

const tokenField = 'cloudflareApiToken'
const accountField = 'cloudflareAccountId'

const lacks = (permission: string): FieldError => ({
  field: tokenField,
  message: `lacks the permission ${permission}. Add it at https://dash.cloudflare.com/profile/api-tokens`,
})

/**
 * What keeps a token and an account from being used for tunnels; empty if nothing does. Changes nothing at Cloudflare: whether a token
 * may edit shows when it asks to delete what is not there.
 *
 * @param accountId null if none is set yet. Then only the token itself is looked at
 * @throws CONFLICT if Cloudflare cannot be asked
 */
export async function accountProblems(account: { apiToken: string; accountId: string | null }, baseUrl: string): Promise<FieldError[]> {
  const { apiToken, accountId } = account
  const client = await openCloudflare({ apiToken, baseUrl })
  const problem = await problemOfToken(client, accountId)
  if (problem) return [problem]
  if (accountId === null) return []
  const [tunnels, dns] = await Promise.all([problemOfTunnels(client, accountId), problemOfDns(client, accountId)])
  // Without access to the account, nothing else can be said.
  if (tunnels?.field === accountField) return [tunnels]
  return [tunnels, dns].filter((each) => each !== null)
}

/** Tokens belong to a person or to an account, and each kind is known at its own place. */
async function problemOfToken(client: CloudflareClient, accountId: string | null): Promise<FieldError | null> {
  let answer = await refusable(client.user.tokens.verify())
  if ('refusal' in answer && accountId !== null) answer = await refusable(client.accounts.tokens.verify({ account_id: accountId }))
  if ('refusal' in answer)
    return { field: tokenField, message: `is not accepted by Cloudflare: ${answer.refusal.words}. Copy it again or create a new one` }
  const status = answer.result?.status ?? 'active'
  return status === 'active' ? null : { field: tokenField, message: `is ${status} at Cloudflare. Renew it or create a new one` }
}

async function problemOfTunnels(client: CloudflareClient, accountId: string): Promise<FieldError | null> {
  const answer = await refusable(client.zeroTrust.tunnels.cloudflared.delete(noTunnel, { account_id: accountId }))
  if (!('refusal' in answer) || answer.refusal.status === 404) return null
  if (answer.refusal.status === 400) return { field: accountField, message: `is not accepted by Cloudflare: ${answer.refusal.words}` }
  const accounts = await refusable(client.accounts.list({ per_page: 50 }))
  const known = 'refusal' in accounts ? [] : accounts.result.result
  if (known.some(({ id }) => id === accountId) || known.length === 0) return lacks('Account → Cloudflare Tunnel → Edit')
  const names = known.map(({ id, name }) => `${name} (${id})`).slice(0, 3)
  return { field: accountField, message: `is not an account of this token. It has ${names.join(', ')}` }
}

async function problemOfDns(client: CloudflareClient, accountId: string): Promise<FieldError | null> {
  const zones = await refusable(client.zones.list({ account: { id: accountId }, per_page: 5 }))
  const [zone] = 'refusal' in zones ? [] : zones.result.result
  if (!zone) return lacks('Zone → DNS → Edit for a zone of this account')
  const answer = await refusable(client.dns.records.delete(noRecord, { zone_id: zone.id }))
  return 'refusal' in answer && answer.refusal.status === 403 ? lacks(`Zone → DNS → Edit for ${zone.name}`) : null
}

/** @throws CONFLICT if Cloudflare cannot be asked */
async function refusable<T>(call: PromiseLike<T>): Promise<{ result: T } | { refusal: CloudflareRefusal }> {
  try {
    return { result: await call }
  } catch (error) {
    const refusal = refusalOf(error)
    if (!refusal) throw cloudflareAway(error)
    return { refusal }
  }
}
