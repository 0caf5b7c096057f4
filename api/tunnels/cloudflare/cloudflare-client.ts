/** Per call. Someone waits for most of them, so none is repeated here. */
const timeoutMs = 10_000

export type CloudflareClient = Awaited<ReturnType<typeof openCloudflare>>

/** @param apiToken secret @param baseUrl of the API, up to and with its version */
export interface CloudflareAccess {
  apiToken: string
  baseUrl: string
}

/** Cloudflare's SDK with the few parts that are used here. It is loaded when first used, because most servers never do. */
export async function openCloudflare({ apiToken, baseUrl }: CloudflareAccess) {
  const [{ createClient }, { BaseAccounts }, { BaseTokens: AccountTokens }, { BaseTokens: UserTokens }, ...others] = await Promise.all([
    import('cloudflare/tree-shakable'),
    import('cloudflare/resources/accounts'),
    import('cloudflare/resources/accounts/tokens'),
    import('cloudflare/resources/user/tokens'),
    import('cloudflare/resources/zero-trust/tunnels/cloudflared'),
    import('cloudflare/resources/zones'),
    import('cloudflare/resources/dns/records'),
  ])
  const [{ BaseCloudflared }, { BaseZones }, { BaseRecords }] = others
  return createClient({
    resources: [BaseAccounts, AccountTokens, UserTokens, BaseCloudflared, BaseZones, BaseRecords],
    // Otherwise the SDK reads these from the environment.
    ...{ apiToken, baseURL: baseUrl, apiKey: null, apiEmail: null, userServiceKey: null },
    ...{ timeout: timeoutMs, maxRetries: 0, logLevel: 'off' as const },
  })
}
