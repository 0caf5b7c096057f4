import { afterRunning, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { NodeTerminals } from '../terminals/own-terminals.ts'
import type { TerminalMessage } from '../terminals/terminal-message.ts'
import { needFor } from './calls/needs.ts'
import { terminalCalls } from './calls/terminal-calls.ts'
import { createFrameReader } from './calls/terminal-frames.ts'
import type { ClusterNode, NodeAddress } from './members/node-registry.ts'
import { unreachable, unusable } from './transport/node-call-error.ts'
import type { NodeClient } from './transport/node-client.ts'

/** The node says at least every 2 s that it is there; see http/internal-terminal-routes.ts. */
const silenceMs = 7500
const opensWithinMs = 20_000

/** The terminals of another node. */
export function createRemoteTerminals(deps: {
  node: ClusterNode
  address: NodeAddress
  onBehalfOf: string | undefined
  client: NodeClient
  clock: Clock
}): NodeTerminals {
  const { node, address, onBehalfOf, client, clock } = deps

  async function* read(
    bytes: AsyncIterable<Uint8Array>,
    { heard, stop, wasSilent }: { heard: () => void; stop: () => void; wasSilent: () => boolean },
  ): AsyncGenerator<TerminalMessage> {
    const frames = createFrameReader()
    try {
      for await (const chunk of bytes) {
        heard()
        yield* frames(chunk)
      }
    } catch (error) {
      if (error instanceof SyntaxError)
        throw unusable(address, 'sent a terminal that cannot be read. Does it run another version of Selfhostly?')
      throw error instanceof AppError ? error : unreachable(address, wasSilent() ? 'stopped sending a terminal' : 'lost a terminal', error)
    } finally {
      stop()
    }
  }

  return {
    async open({ isAdministrator, ...input }) {
      const asked = { ...input, isAdministrator }
      needFor(node, terminalCalls.openTerminal, asked)
      return client.call(address, terminalCalls.openTerminal, asked, { onBehalfOf })
    },

    async attach(session, signal) {
      const abort = new AbortController()
      let isSilent = false
      const silent = (): void => {
        isSilent = true
        abort.abort(new Error('nothing was received'))
      }
      const leave = (): void => abort.abort(new Error('cancelled'))
      signal.addEventListener('abort', leave, { once: true })
      let cancel = afterRunning(clock, opensWithinMs, silent)
      const stop = (): void => {
        cancel()
        signal.removeEventListener('abort', leave)
        leave()
      }
      try {
        const bytes = await client.open(address, terminalCalls.terminalOutput, session, abort.signal)
        const heard = (): void => {
          cancel()
          cancel = afterRunning(clock, silenceMs, silent)
        }
        heard()
        return read(bytes, { heard, stop, wasSilent: () => isSilent })
      } catch (error) {
        stop()
        throw error
      }
    },

    write: ({ id, owner }, bytes) =>
      client.call(address, terminalCalls.terminalInput, { id, owner, data: Buffer.from(bytes).toString('base64') }, { onBehalfOf }),
    resize: ({ id, owner }, { cols, rows }) =>
      client.call(address, terminalCalls.resizeTerminal, { id, owner, cols, rows }, { onBehalfOf }),
    end: ({ id, owner }, reason) => client.call(address, terminalCalls.endTerminal, { id, owner, reason }, { onBehalfOf }),
  }
}
