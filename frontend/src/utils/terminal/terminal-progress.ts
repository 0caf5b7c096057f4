import { closeCodes, exitWords, isPassing, type TerminalNews } from './terminal-protocol.ts'

export type TerminalState =
  | { kind: 'opening' | 'open' | 'rejoining' }
  /** `words` say why. */
  | { kind: 'ended'; words: string }

/** How far a terminal is. */
export interface TerminalProgress {
  state: TerminalState
  /** The one to join again. */
  session: string | null
  /** How many bytes that were written before are still to come. */
  replayLeft: number
  /** When the connection was lost, and how often it was tried since. */
  lostAt: number | null
  attempts: number
}

/** The server keeps a terminal this long for whoever lost the connection. */
const rejoinForMs = 120_000

/** @param session one that was open before the page was loaded again */
export const beginning = (session: string | null): TerminalProgress => ({
  ...{ session, replayLeft: 0, lostAt: null, attempts: 0 },
  state: { kind: session === null ? 'opening' : 'rejoining' },
})

export const ending = (progress: TerminalProgress, words: string): TerminalProgress =>
  progress.state.kind === 'ended' ? progress : { ...progress, state: { kind: 'ended', words } }

export function afterNews(progress: TerminalProgress, news: TerminalNews): TerminalProgress {
  if (news.type === 'session') return { state: { kind: 'open' }, session: news.id, replayLeft: news.replayed, lostAt: null, attempts: 0 }
  if (news.type === 'exit') return ending(progress, exitWords(news.code))
  return progress.session !== null && isPassing(news.code) ? progress : ending(progress, news.message)
}

/** Its socket is closed. */
export function afterClose(progress: TerminalProgress, code: number, now: number): TerminalProgress {
  if (progress.state.kind === 'ended') return progress
  if (code === closeCodes.credentialEnded) return ending(progress, 'You are no longer signed in, or your role has changed.')
  if (code === closeCodes.replaced) return ending(progress, 'This terminal was opened in another place.')
  if (progress.session === null) return ending(progress, 'The terminal could not be opened: the connection to the server failed.')
  const lostAt = progress.lostAt ?? now
  if (now - lostAt >= rejoinForMs) return ending(progress, 'The connection was lost for too long.')
  return { ...progress, state: { kind: 'rejoining' }, lostAt, attempts: progress.attempts + 1 }
}

/** How long to wait until it is tried again. */
export const retryAfterMs = ({ attempts }: TerminalProgress): number => Math.min(5000, 300 * 2 ** (attempts - 1))
