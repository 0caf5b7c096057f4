import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { createRetryLoop } from '../retry.ts'
import type { Settings, SettingsService } from './settings-service.ts'

export type SettingsSync = ReturnType<typeof createSettingsSync>

/** Fetches the cluster's settings from the primary, retrying until it answers. Until then, the last fetched settings apply. */
export function createSettingsSync(deps: {
  /** Asks the primary. */
  fetchSettings: () => Promise<Settings>
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
        await deps.settings.replace(await deps.fetchSettings())
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
