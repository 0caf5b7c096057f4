import { afterClose, afterNews, beginning, ending, retryAfterMs, type TerminalProgress } from './terminal-progress.ts'
import { closeCodes, piecesOf, readNews, type TerminalSize } from './terminal-protocol.ts'

/** The part of a WebSocket that is used. */
export type TerminalSocket = Pick<WebSocket, 'send' | 'close' | 'readyState' | 'binaryType' | 'onmessage' | 'onclose'>

interface Surroundings {
  /** One that was open before the page was loaded again. */
  session: string | null
  /** @param session the one to join again */
  connect: (size: TerminalSize, session: string | null) => TerminalSocket
  size: () => TerminalSize
  /** @param isReplayed whether it was written before, so that nothing may answer it */
  onOutput: (bytes: Uint8Array, isReplayed: boolean) => void
  /** What was shown comes again. */
  onReset: () => void
  onProgress: (progress: TerminalProgress) => void
  now: () => number
  after: (ms: number, task: () => void) => () => void
}

function listen(socket: TerminalSocket, on: { data: (data: unknown) => void; close: (code: number) => void }): TerminalSocket {
  socket.binaryType = 'arraybuffer'
  socket.onmessage = ({ data }: MessageEvent<unknown>) => on.data(data)
  socket.onclose = ({ code }: CloseEvent) => on.close(code)
  return socket
}

/** Passes output on. @returns how much of it was written before */
function passOn(bytes: Uint8Array, replayLeft: number, onOutput: Surroundings['onOutput']): number {
  const earlier = Math.min(replayLeft, bytes.length)
  if (earlier > 0) onOutput(bytes.subarray(0, earlier), true)
  if (earlier < bytes.length) onOutput(bytes.subarray(earlier), false)
  return earlier
}

const resizeTo = (size: TerminalSize): string => JSON.stringify({ type: 'resize', ...size })
const isSame = (one: TerminalSize, other: TerminalSize): boolean => one.cols === other.cols && one.rows === other.rows

/** A terminal over a socket, which is joined again when the socket is lost. */
export function createTerminalConnection(deps: Surroundings) {
  let socket: TerminalSocket | null = null
  let progress = beginning(deps.session)
  let cancelRetry = (): void => undefined

  function become(next: TerminalProgress): void {
    if (next === progress) return
    progress = next
    deps.onProgress(next)
  }

  /** @param asked the size that it was opened or joined with */
  function receive(data: unknown, asked: TerminalSize): void {
    if (data instanceof ArrayBuffer) return void (progress.replayLeft -= passOn(new Uint8Array(data), progress.replayLeft, deps.onOutput))
    const news = readNews(String(data))
    if (news?.type === 'session' && progress.session !== null) deps.onReset()
    if (news) become(afterNews(progress, news))
    // It may have changed since the connection was begun.
    if (news?.type === 'session' && !isSame(asked, deps.size())) send(resizeTo(deps.size()))
  }

  function closed(code: number): void {
    socket = null
    become(afterClose(progress, code, deps.now()))
    if (progress.state.kind === 'rejoining') cancelRetry = deps.after(retryAfterMs(progress), open)
  }

  function open(): void {
    const asked = deps.size()
    socket = listen(deps.connect(asked, progress.session), { data: (data) => receive(data, asked), close: closed })
  }

  const send = (data: string | Uint8Array<ArrayBuffer>): void => {
    if (progress.state.kind === 'open' && socket?.readyState === 1) socket.send(data)
  }

  return {
    open,
    /** What is typed while the connection is lost is lost too, so that nothing runs later by surprise. */
    type: (typed: string): void => piecesOf(typed).forEach(send),
    resize: (size: TerminalSize): void => send(resizeTo(size)),
    /** Ends the terminal and its program. */
    close(): void {
      cancelRetry()
      become(ending(progress, ''))
      socket?.close(closeCodes.over)
    },
  }
}
