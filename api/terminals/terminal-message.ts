/** What a terminal tells whoever looks at it, in this order: its session, what its program writes, and one of the other two at the end. */
export type TerminalMessage =
  | { type: 'output'; bytes: Uint8Array }
  /** `replayed`: how many bytes of earlier output come first, for whoever joins again. */
  | { type: 'session'; id: string; replayed: number }
  /** The code is null if Docker does not say it. */
  | { type: 'exit'; code: number | null }
  /** The session is over, or was never there. */
  | { type: 'error'; message: string }

/** Why a session was over, for the audit log. */
export const endingWords = (message: TerminalMessage): string | null => {
  if (message.type === 'exit') return message.code === null ? 'the program ended' : `the program ended with code ${message.code}`
  return message.type === 'error' ? message.message : null
}
