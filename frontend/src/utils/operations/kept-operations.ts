const key = 'selfhostly-operations'

/** The operations that this tab follows, so that a reload comes back to them. */
export interface KeptOperations {
  /** Those whose end is told. */
  announced: string[]
  /** The one that an app's page shows. */
  shown: string | null
}

const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((each) => typeof each === 'string')

export function readKeptOperations(): KeptOperations {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? 'null')
    if (typeof kept === 'object' && kept !== null && 'announced' in kept && isTexts(kept.announced)) {
      return { announced: kept.announced, shown: 'shown' in kept && typeof kept.shown === 'string' ? kept.shown : null }
    }
  } catch {
    // Someone else's value, or no storage.
  }
  return { announced: [], shown: null }
}

export function keepOperations(kept: KeptOperations): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(kept))
  } catch {
    // Without storage, a reload forgets them.
  }
}
