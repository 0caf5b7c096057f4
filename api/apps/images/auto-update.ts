import type { HeldUpdate } from './held-update.ts'

/** When an app's images are updated by themselves, by its own node. */
export interface AutoUpdate extends AutoUpdatePolicy {
  /** When the next five windows open. */
  nextRuns: Date[]
  /** Why a newer image is not deployed now, or cannot be looked for; null when nothing is held back. */
  held: HeldUpdate | null
}

export interface AutoUpdatePolicy {
  /** When a window opens. Five fields: minute, hour, day of the month, month, day of the week. */
  cron: string
  /** Such as `Europe/Berlin`. */
  timeZone: string
  /** How long a window stays open. Nothing starts outside of one. */
  windowMinutes: number
  /** How long ago the registry must first have been seen to name an image. */
  minimumAgeHours: number
}

export interface AutoUpdateInput {
  cron: string
  timeZone: string
  windowMinutes?: number | null | undefined
  minimumAgeHours?: number | null | undefined
}
