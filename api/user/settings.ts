import { primaryCalls } from '../cluster/calls/primary-calls.ts'
import type { MoveOutcome, PrimaryMove } from '../cluster/primary-move.ts'
import { AppError } from '../errors.ts'
import type { Settings, SettingsService } from '../settings/settings-service.ts'
import type { Access } from './access.ts'
import type { Action } from '../auth/action.ts'

export const settingActions = {
  updateSettings: { word: 'settings.update', permission: 'settings.change' },
  changePrimaryUrl: primaryCalls.movePrimary.action,
} as const satisfies Record<string, Action>

/** The cluster's settings, for callers who see every node. */
export function createUserSettings(deps: { access: Access; isPrimary: boolean; settings: SettingsService; primaryMove: PrimaryMove }) {
  const { access, isPrimary, settings, primaryMove } = deps
  return {
    /** Secrets are masked. @throws FORBIDDEN */
    get(): Settings {
      access.need('settings.read')
      return settings.masked()
    },
    async update(input: Parameters<typeof settings.update>[0]): Promise<Settings> {
      const subject = Object.keys(input)
        .filter((key) => input[key as keyof Settings] !== undefined)
        .join(', ')
      await access.act(settingActions.updateSettings, { subject }, () => settings.update(input))
      return settings.masked()
    },
    /** Tells every node the primary's new URL. */
    changePrimaryUrl: (url: string): Promise<MoveOutcome[]> =>
      access.act(settingActions.changePrimaryUrl, { subject: url.slice(0, 200) }, async () => {
        if (!isPrimary) throw new AppError('FORBIDDEN', "This is a secondary. Change the primary's URL on the primary")
        const primaryUrl = primaryMove.parse(url)
        await settings.update({ primaryUrl })
        return primaryMove.tell(primaryUrl)
      }),
  }
}
