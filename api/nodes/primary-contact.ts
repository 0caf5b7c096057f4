import type { Clock } from '../clock.ts'

/** How a secondary's calls to its primary fare. */
export interface PrimaryContactState {
  url: string
  /** Whether it accepted the last call; null before the first. */
  reachable: boolean | null
  /** Since when that is so. */
  since: Date
  /** Why it did not answer or accept; null when all is well. */
  error: string | null
}

export type PrimaryContact = ReturnType<typeof createPrimaryContact>

/** Keeps what a secondary knows of its primary, for whoever looks at the secondary's own dashboard. */
export function createPrimaryContact({ url, clock, onChange }: { url: () => string; clock: Clock; onChange: () => void }) {
  let state: Omit<PrimaryContactState, 'url'> = { reachable: null, since: clock.now(), error: null }

  return {
    state: (): PrimaryContactState => ({ ...state, url: url() }),

    /** @param error null for an accepted call */
    note(error: string | null): void {
      const reachable = error === null
      if (reachable === state.reachable && error === state.error) return
      state = { reachable, error, since: reachable === state.reachable ? state.since : clock.now() }
      onChange()
    },
  }
}
