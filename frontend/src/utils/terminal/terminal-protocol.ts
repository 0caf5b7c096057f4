/** How the dashboard talks to a terminal: `GET /api/nodes/{node_id}/containers/{container_id}/terminal`, described in docs/api.md. */

export interface TerminalPlace {
  nodeId: string
  containerId: string
}

export interface TerminalSize {
  cols: number
  rows: number
}

/** What the server says besides the output. */
export type TerminalNews =
  | { type: 'session'; id: string; replayed: number }
  | { type: 'exit'; code: number | null }
  | { type: 'error'; message: string; code: string | null }

/** The server takes no larger messages. */
const mostBytes = 16 * 1024

export const closeCodes = { over: 1000, credentialEnded: 4401, replaced: 4409 } as const
/** With these, the terminal may still be there. */
const passing = ['NODE_UNREACHABLE', 'SHUTTING_DOWN', 'RATE_LIMITED', 'DOCKER_UNAVAILABLE']
export const isPassing = (code: string | null): boolean => code !== null && passing.includes(code)

export const terminalProtocols = (secret: string): string[] => ['selfhostly.terminal', `selfhostly.browser.${secret}`]

/** @param origin of this page @param session the one to join again */
export function terminalUrl(
  origin: string,
  { nodeId, containerId }: TerminalPlace,
  { size, command, session }: { size: TerminalSize; command: string[]; session: string | null },
): string {
  const query = new URLSearchParams({ cols: String(size.cols), rows: String(size.rows) })
  if (session === null) for (const each of command) query.append('command', each)
  else query.set('session', session)
  const path = `/api/nodes/${encodeURIComponent(nodeId)}/containers/${encodeURIComponent(containerId)}/terminal`
  return `${origin.replace(/^http/, 'ws')}${path}?${query}`
}

/** A program and its arguments, as people write them: spaces separate, and quotes keep together. */
export const commandOf = (text: string): string[] =>
  (text.match(/(?:"[^"]*"|'[^']*'|\S)+/g) ?? []).map((each) => each.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'))

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '')
const numberIn = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** Null for what this version does not know. */
export function readNews(text: string): TerminalNews | null {
  const message = JSON.parse(text) as Record<string, unknown>
  if (message['type'] === 'session') return { type: 'session', id: textIn(message['id']), replayed: numberIn(message['replayed']) }
  if (message['type'] === 'exit') return { type: 'exit', code: typeof message['code'] === 'number' ? message['code'] : null }
  if (message['type'] === 'error') return { type: 'error', message: textIn(message['message']), code: textIn(message['code']) || null }
  return null
}

/** What is typed or pasted, in pieces that the server takes. */
export function piecesOf(typed: string): Uint8Array<ArrayBuffer>[] {
  const bytes = new TextEncoder().encode(typed)
  return Array.from({ length: Math.ceil(bytes.length / mostBytes) }, (_, index) => bytes.slice(index * mostBytes, (index + 1) * mostBytes))
}

export const exitWords = (code: number | null): string =>
  code === null
    ? 'The program has ended.'
    : code === 0
      ? 'The program has ended (exit code 0).'
      : `The program has ended with exit code ${code}.`

/** Keys that a phone's keyboard lacks, as a terminal sends them. In a program that asks for it, arrows are sent in another form. */
export const extraKeys = [
  { label: 'Esc', name: 'Escape', sends: '\u001b' },
  { label: 'Tab', name: 'Tab', sends: '\t' },
  { label: '←', name: 'Left', sends: '\u001b[D' },
  { label: '↑', name: 'Up', sends: '\u001b[A' },
  { label: '↓', name: 'Down', sends: '\u001b[B' },
  { label: '→', name: 'Right', sends: '\u001b[C' },
  { label: '|', name: 'Pipe', sends: '|' },
  { label: '/', name: 'Slash', sends: '/' },
  { label: '-', name: 'Minus', sends: '-' },
  { label: 'Home', name: 'Home', sends: '\u001b[H' },
  { label: 'End', name: 'End', sends: '\u001b[F' },
  { label: 'PgUp', name: 'Page up', sends: '\u001b[5~' },
  { label: 'PgDn', name: 'Page down', sends: '\u001b[6~' },
] as const

/** A key typed together with Ctrl; anything else than a letter or one of @[\]^_ stays as it is. */
export const withCtrl = (typed: string): string =>
  /^[a-z@[\\\]^_]$/i.test(typed) ? String.fromCharCode(typed.toUpperCase().charCodeAt(0) & 31) : typed

/** Arrows, Home and End in a program that has switched the terminal to application mode, such as vi. */
export const inMode = (sends: string, isApplicationMode: boolean): string =>
  isApplicationMode ? sends.replace(/^\u001b\[([A-H])$/, '\u001bO$1') : sends
