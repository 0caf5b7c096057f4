import { onScopeDispose, shallowRef } from 'vue'
import { browserSecret } from '../../utils/shared/browser-secret.ts'
import type { ShownTerminal } from '../../utils/terminal/kept-terminal.ts'
import { createTerminalConnection } from '../../utils/terminal/terminal-connection.ts'
import { beginning } from '../../utils/terminal/terminal-progress.ts'
import { terminalProtocols, terminalUrl, type TerminalSize } from '../../utils/terminal/terminal-protocol.ts'

/** A terminal in a container, which ends when the component goes. */
export function useTerminalConnection(
  { place, command, session }: ShownTerminal,
  on: {
    size: () => TerminalSize
    onOutput: (bytes: Uint8Array, isReplayed: boolean) => void
    onReset: () => void
    /** @param session null once it is over */
    onSession: (session: string | null) => void
  },
) {
  const state = shallowRef(beginning(session).state)
  const connection = createTerminalConnection({
    ...{ session, size: on.size, onOutput: on.onOutput, onReset: on.onReset },
    connect: (size, joined) =>
      new WebSocket(terminalUrl(window.location.origin, place, { size, command, session: joined }), terminalProtocols(browserSecret())),
    onProgress(next) {
      state.value = next.state
      on.onSession(next.state.kind === 'ended' ? null : next.session)
    },
    now: Date.now,
    after(ms, task) {
      const timer = setTimeout(task, ms)
      return () => clearTimeout(timer)
    },
  })
  onScopeDispose(connection.close)
  return { state, ...connection }
}
