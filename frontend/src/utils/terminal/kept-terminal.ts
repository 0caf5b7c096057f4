import type { TerminalPlace } from './terminal-protocol.ts'

/** A terminal that this tab shows, kept so that a page that is loaded again joins it. */
export interface ShownTerminal {
  place: TerminalPlace
  /** The container's. */
  name: string
  /** Empty: a shell. */
  command: string[]
  /** The session; null before it has one. */
  session: string | null
}

const storageKey = 'selfhostly.terminals'

const areTexts = (values: unknown[]): boolean => values.every((each) => typeof each === 'string')

function isShown(value: unknown): value is ShownTerminal {
  const { place, name, command, session } = (value ?? {}) as Partial<ShownTerminal>
  return areTexts([place?.nodeId, place?.containerId, name, session]) && Array.isArray(command) && areTexts(command)
}

export function readKeptTerminals(): ShownTerminal[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? '[]')
    return Array.isArray(kept) ? kept.filter(isShown) : []
  } catch {
    return []
  }
}

/** Only those that have a session to join again. In a browser that blocks storage, a page that is loaded again opens without them. */
export function keepTerminals(shown: readonly ShownTerminal[]): void {
  const kept = shown
    .filter(({ session }) => session !== null)
    .map(({ place, name, command, session }) => ({ place, name, command, session }))
  try {
    if (kept.length > 0) sessionStorage.setItem(storageKey, JSON.stringify(kept))
    else sessionStorage.removeItem(storageKey)
  } catch {
    // Nothing is kept.
  }
}
