import { z } from 'zod'
import { bounds } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { createRetryLoop } from '../retry.ts'
import type { Settings, SettingsService } from './settings-service.ts'

const synced = z.object({
  cloudflare_api_token: z.string().max(bounds.settingValue).nullable(),
  cloudflare_account_id: z.string().max(bounds.settingValue).nullable(),
  // Older primaries do not send it.
  primary_url: z.string().max(bounds.url).nullable().default(null),
})

export type SettingsSync = ReturnType<typeof createSettingsSync>

/** Fetches the cluster's settings from the primary, retrying until it answers. Until then, the last fetched settings apply. */
export function createSettingsSync(deps: {
  /** The primary's `GET /api/internal/settings`. */
  fetchSettings: () => Promise<unknown>
  onSynced: (settings: Settings) => void
  settings: SettingsService
  clock: Clock
  random: () => number
  log: Log
}) {
  return createRetryLoop({
    firstMs: 1000,
    longestMs: 15_000,
    clock: deps.clock,
    random: deps.random,
    async job(attempt) {
      try {
        const { cloudflare_api_token, cloudflare_account_id, primary_url } = synced.parse(await deps.fetchSettings())
        await deps.settings.replace({
          cloudflareApiToken: cloudflare_api_token,
          cloudflareAccountId: cloudflare_account_id,
          primaryUrl: primary_url,
        })
        deps.onSynced(deps.settings.read())
        deps.log.info('settings synced from primary')
        return 'done'
      } catch (error) {
        if (attempt === 0) deps.log.warn({ error: errorMessage(error) }, 'could not sync settings from primary, retrying')
        return 'again'
      }
    },
  })
}
