import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { bounds, tooLong } from '../bounds.ts'
import { AppError, invalidInput, StartError, type FieldError } from '../errors.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { SettingEntity, settingValues } from './setting.entity.ts'

/** Settings that all nodes of the cluster share. Null if not set. */
export interface Settings {
  /** Secret. */
  cloudflareApiToken: string | null
  cloudflareAccountId: string | null
  /** The URL where nodes reach the primary, if it was ever changed. */
  primaryUrl: string | null
}

export const settingKeys = ['cloudflareApiToken', 'cloudflareAccountId', 'primaryUrl'] as const satisfies (keyof Settings)[]
const secretKeys = new Set<keyof Settings>(['cloudflareApiToken'])

const maskStart = '********'

export type SettingsService = ReturnType<typeof createSettingsService>

/** Settings that can change at runtime. All are sealed on disk. */
export function createSettingsService(deps: {
  em: EntityManager
  seal: (value: string, context: string) => string
  open: (sealed: string, context: string) => string
  clock: Clock
  /** True on a secondary, whose settings are a copy of its primary's. */
  readOnly?: boolean
  /** What keeps a Cloudflare token from being used, by field. @throws CONFLICT if Cloudflare cannot be asked */
  checkCloudflare: (account: { apiToken: string; accountId: string | null }) => Promise<FieldError[]>
  onChange: () => void
}) {
  const { em, clock } = deps
  // A token that one person saves belongs to the account that another saves at the same moment.
  const updates = oneAtATime()
  const values: Settings = { cloudflareApiToken: null, cloudflareAccountId: null, primaryUrl: null }
  let changedAt = new Date(0)

  const { contextOf } = settingValues

  function openStored(key: keyof Settings, sealed: string): string {
    try {
      return deps.open(sealed, contextOf(key))
    } catch {
      throw new StartError(
        `SECRET_KEY: the setting ${key} in the database was sealed with a different secret key. ` +
          'Restore the previous SECRET_KEY, or the file secret.key in the data folder',
      )
    }
  }

  async function write(changes: Partial<Settings>): Promise<void> {
    const changed = settingKeys.filter((key) => changes[key] !== undefined && changes[key] !== values[key])
    if (changed.length === 0) return
    // Two changes within the same millisecond must get different versions.
    const updatedAt = new Date(Math.max(clock.now().getTime(), changedAt.getTime() + 1))
    await em.fork().transactional(async (transaction) => {
      // A removed setting is stored as empty, so that the environment does not bring it back.
      for (const key of changed)
        await transaction.upsert(SettingEntity, { key, value: deps.seal(changes[key] || '', contextOf(key)), updatedAt })
    })
    for (const key of changed) values[key] = changes[key] || null
    changedAt = updatedAt
    deps.onChange()
  }

  async function check(changes: Partial<Settings>): Promise<void> {
    const { cloudflareApiToken: apiToken, cloudflareAccountId: accountId } = { ...values, ...changes }
    if (!apiToken || (apiToken === values.cloudflareApiToken && accountId === values.cloudflareAccountId)) return
    const problems = await deps.checkCloudflare({ apiToken, accountId })
    if (problems.length > 0) throw invalidInput(problems)
  }

  return {
    /** @param initial values from the environment, used only for settings that were never stored */
    async start(initial: Partial<Settings>): Promise<void> {
      const stored = new Set<string>()
      for (const row of await em.fork().find(SettingEntity, {})) {
        const key = settingKeys.find((name) => name === row.key)
        if (key) values[key] = openStored(key, row.value) || null
        stored.add(row.key)
        if (row.updatedAt > changedAt) changedAt = row.updatedAt
      }
      await write(Object.fromEntries(settingKeys.filter((key) => !stored.has(key) && initial[key]).map((key) => [key, initial[key]])))
    },

    /** Includes secrets. Only for this program and its nodes. */
    read: (): Settings => ({ ...values }),

    /** Differs after every change, so that a node can tell its copy is outdated. */
    version: (): string => String(changedAt.getTime()),

    /** For people: shows at most the last four characters of a secret. */
    masked: (): Settings => ({ ...values, cloudflareApiToken: mask(values.cloudflareApiToken) }),

    /** Undefined keeps a setting, null or an empty string removes it, a masked secret changes nothing. A Cloudflare token is tried first. @throws FORBIDDEN on a secondary, INVALID_INPUT, CONFLICT if Cloudflare cannot be asked */
    async update(input: { [Key in keyof Settings]?: string | null | undefined }): Promise<void> {
      if (deps.readOnly) throw new AppError('FORBIDDEN', 'This is a secondary node. Change settings on its primary')
      const changes: Partial<Settings> = {}
      const problems = settingKeys.flatMap((key) => tooLong(key, input[key], bounds.settingValue))
      if (problems.length > 0) throw invalidInput(problems)
      for (const key of settingKeys) {
        const value = input[key]?.trim() ?? input[key]
        if (value === undefined || (secretKeys.has(key) && value?.startsWith(maskStart))) continue
        changes[key] = value || null
      }
      await updates(async () => {
        await check(changes)
        await write(changes)
      })
    },

    /** Replaces all settings with the primary's. */
    replace: (settings: Settings): Promise<void> => write(settings),
  }
}

/** Shows nothing of a short secret: four of eight characters would be half of it. */
const mask = (secret: string | null): string | null => (secret === null ? null : maskStart + (secret.length >= 16 ? secret.slice(-4) : ''))
