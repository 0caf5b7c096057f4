import type { RawData } from 'ws'
import type { Clock } from '../../clock.ts'
import { createTokenBucket } from '../limits/token-bucket.ts'
import type { LinkWire } from './link-socket.ts'

/**
 * HTTP/2 frames, WebSocket messages and pings. A healthy node sends a few per second; a hundred calls at once make a few
 * hundred. Each costs a few microseconds, so one node uses at most about 1 % of a core in the long run.
 */
const frames = { perSecond: 1000, burst: 5000 }
/** Logs at full speed and large answers stay below this. */
const bytes = { perSecond: 16 * 2 ** 20, burst: 64 * 2 ** 20 }
const headBytes = 9

/**
 * Limits what the other side of a link sends. The protocol allows floods of PING, SETTINGS, RST_STREAM or empty frames, and
 * flow control does not cover them.
 *
 * @param onExcess called once, with what was too much. The caller must cut the link
 */
export function guardLink({ socket }: LinkWire, clock: Clock, onExcess: (what: string) => void): void {
  const frameBucket = createTokenBucket(frames, clock)
  const byteBucket = createTokenBucket(bytes, clock)
  const count = createFrameCounter()
  let isOver = false

  function use(frameCount: number, byteCount: number): void {
    if (isOver) return
    const enoughFrames = frameBucket.take(frameCount)
    if (enoughFrames && byteBucket.take(byteCount)) return
    isOver = true
    onExcess(
      enoughFrames
        ? `sent more than ${bytes.perSecond / 2 ** 20} MiB a second over its link`
        : `sent more than ${frames.perSecond} frames a second over its link`,
    )
  }

  socket.on('message', (data: RawData) => {
    const chunk = data as Buffer
    use(1 + count(chunk), chunk.length)
  })
  socket.on('ping', (data: Buffer) => use(1, data.length))
  socket.on('pong', (data: Buffer) => use(1, data.length))
}

/** Counts the HTTP/2 frame headers that end in each chunk of a stream. Source: RFC 9113, section 4.1 */
function createFrameCounter(): (chunk: Buffer) => number {
  const head = Buffer.alloc(headBytes)
  let headLength = 0
  let bodyLeft = 0
  return (chunk) => {
    let count = 0
    let at = 0
    while (at < chunk.length) {
      if (bodyLeft > 0) {
        const skipped = Math.min(bodyLeft, chunk.length - at)
        bodyLeft -= skipped
        at += skipped
        continue
      }
      const taken = chunk.copy(head, headLength, at, at + headBytes - headLength)
      headLength += taken
      at += taken
      if (headLength < headBytes) break
      headLength = 0
      bodyLeft = head.readUIntBE(0, 3)
      count += 1
    }
    return count
  }
}
