import { columnsOf } from '../auth/action.ts'
import { calls } from '../cluster/node-calls.ts'
import { aliveFrame, writeFrame } from '../cluster/calls/terminal-frames.ts'
import type { Clock } from '../clock.ts'
import type { Services } from '../services.ts'
import type { TerminalMessage } from '../terminals/terminal-message.ts'
import { terminalActions } from '../user/terminals.ts'
import { whileKeyIsValid } from './internal-callers.ts'
import type { Router } from './router.ts'
import { serveCall, serveStream } from './serve-call.ts'

/** A reader that misses several of these treats the connection as dead; see `silenceMs` in cluster/remote-terminals.ts. */
const aliveMs = 2000

/** Serves the terminals of this node to its primary. */
export function serveTerminals(router: Router, { access, self, ownTerminals, clock, log, home: { ownKey } }: Services): void {
  serveCall(router, calls.openTerminal, async (input, c) => {
    const action = { ...columnsOf(terminalActions.open, { id: self.id, subject: input.container }), nodeId: self.id }
    const { result, written } = await access.audit.through(
      c.get('actor'),
      action,
      () => ownTerminals.open(input),
      ({ over }) => over,
      ({ container }) => ({ subject: container }),
    )
    written.catch((error: unknown) => log.error({ err: error }, 'could not write the end of a terminal to the audit log'))
    return result
  })
  serveCall(router, calls.terminalInput, async ({ data, ...session }) => ownTerminals.write(session, Buffer.from(data, 'base64')))
  serveCall(router, calls.resizeTerminal, async ({ cols, rows, ...session }) => ownTerminals.resize(session, { cols, rows }))
  serveCall(router, calls.endTerminal, async ({ reason, ...session }) => ownTerminals.end(session, reason))
  serveStream(router, calls.terminalOutput, async (session, c) => {
    const { signal, stop } = whileKeyIsValid(c, ownKey)
    const gone = new AbortController()
    const messages = await ownTerminals.attach(session, AbortSignal.any([signal, gone.signal]))
    return framesOf(messages, {
      clock,
      onEnd() {
        gone.abort()
        stop()
      },
    })
  })
}

/** The messages of a terminal as they come, read only as fast as the other side takes them. */
function framesOf(messages: AsyncGenerator<TerminalMessage>, { clock, onEnd }: { clock: Clock; onEnd: () => void }): Response {
  let cancelAlive = (): void => undefined
  let isOver = false
  function end(): void {
    if (isOver) return
    isOver = true
    cancelAlive()
    onEnd()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const alive = (): void => {
          cancelAlive = clock.after(aliveMs, () => {
            if (!isOver) controller.enqueue(aliveFrame)
            alive()
          })
        }
        alive()
        const { value, done } = await messages.next()
        cancelAlive()
        if (isOver) return
        if (!done) return controller.enqueue(writeFrame(value))
        controller.close()
        end()
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: { 'content-type': calls.terminalOutput.contentType, 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' },
  })
}
