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

const storageKey = 'selfhostly.terminal'

const areTexts = (values: unknown[]): boolean => values.every((each) => typeof each === 'string')

function isShown(value: unknown): value is ShownTerminal {
  const { place, name, command, session } = (value ?? {}) as Partial<ShownTerminal>
  return areTexts([place?.nodeId, place?.containerId, name, session]) && Array.isArray(command) && areTexts(command)
}

/** Null without one. */
export function readKeptTerminal(): ShownTerminal | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? 'null')
    return isShown(kept) ? kept : null
  } catch {
    return null
  }
}

/** In a browser that blocks storage, a page that is loaded again opens without the terminal. */
export function keepTerminal(shown: ShownTerminal | null): void {
  try {
    if (shown) sessionStorage.setItem(storageKey, JSON.stringify(shown))
    else sessionStorage.removeItem(storageKey)
  } catch {
    // Nothing is kept.
  }
}
