import type { Clock } from '../../clock.ts'

/** Whether a secondary's calls to its primary succeed. */
export interface PrimaryContactState {
  url: string
  /** Whether the primary accepted the last call. Null before the first. */
  reachable: boolean | null
  /** When `reachable` last changed. */
  since: Date
  /** Why the last call failed. Null if it was accepted. */
  error: string | null
}

export type PrimaryContact = ReturnType<typeof createPrimaryContact>

/** Remembers how the last call to the primary went, for the secondary's own dashboard. */
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
