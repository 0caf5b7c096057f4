import { dial, type LinkWire } from '../../api/cluster/transport/link-socket.ts'

export const frameTypes = { data: 0, headers: 1, rstStream: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const
export type FrameType = keyof typeof frameTypes

export const endStream = 1
export const endHeaders = 4
export const ack = 1

/** One HTTP/2 frame. Source: RFC 9113, section 4.1 */
export function frame(type: FrameType, streamId: number, payload: Buffer = Buffer.alloc(0), flags = 0): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = frameTypes[type]
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

/** Field lines without table references. Source: RFC 7541, section 6.2.2 */
export const fieldLines = (fields: Record<string, string>): Buffer =>
  Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))

/** Lengths up to 126 take one byte, longer ones use the continued form. Source: RFC 7541, section 5.1 */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  const length = bytes.length < 127 ? [bytes.length] : [127, ...continued(bytes.length - 127)]
  return Buffer.concat([Buffer.from(length), bytes])
}

const continued = (left: number): number[] => (left < 128 ? [left] : [(left % 128) + 128, ...continued(Math.floor(left / 128))])

/**
 * The node's end of a link that sends whatever bytes the test wants: `onRequest` gets each request's stream and
 * writes frames. It follows the rest of the protocol, so that the primary has nothing else to object to.
 */
export async function rawLink(
  url: string,
  headers: Record<string, string>,
  onRequest: (streamId: number, send: (...frames: Buffer[]) => void) => void,
): Promise<LinkWire & { send: (...frames: Buffer[]) => void }> {
  const wire = await dial(url, headers)
  const send = (...frames: Buffer[]): void => {
    if (!wire.stream.destroyed) wire.stream.write(Buffer.concat(frames))
  }
  let received = Buffer.alloc(0)
  let started = false
  wire.stream.on('error', () => undefined)
  wire.stream.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    if (!started) {
      // The client's preface. Source: RFC 9113, section 3.4
      if (received.length < 24) return
      started = true
      received = received.subarray(24)
    }
    while (received.length >= 9) {
      const length = received.readUIntBE(0, 3)
      if (received.length < 9 + length) return
      const [type, flags, streamId, payload] = [received[3], received[4] ?? 0, received.readUInt32BE(5), received.subarray(9, 9 + length)]
      received = received.subarray(9 + length)
      if (type === frameTypes.headers) onRequest(streamId, send)
      if (type === frameTypes.settings && !(flags & ack)) send(frame('settings', 0, undefined, ack))
      if (type === frameTypes.ping && !(flags & ack)) send(frame('ping', 0, payload, ack))
    }
  })
  send(frame('settings', 0))
  return { ...wire, send }
}
