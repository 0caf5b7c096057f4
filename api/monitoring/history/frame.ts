/**
 * A frame is what was measured of all series in one span: for each series its number (4 bytes), how many values follow (1 byte), and
 * the values as 32-bit floats, not a number where nothing was measured. So a reader passes over columns that a newer version added.
 */

const headBytes = 5
const valueBytes = 4

/** Values by the number of their series. */
export type Frame = Map<number, Float32Array>

export function packFrame(frame: Frame): Buffer {
  const size = [...frame.values()].reduce((sum, values) => sum + headBytes + values.length * valueBytes, 0)
  const packed = Buffer.alloc(size)
  let offset = 0
  for (const [series, values] of frame) {
    packed.writeUInt32LE(series, offset)
    packed.writeUInt8(values.length, offset + 4)
    offset += headBytes
    for (const value of values) offset = packed.writeFloatLE(value, offset)
  }
  return packed
}

/** Only the wanted series, so that one app costs little of a node with many. A frame that is cut short ends early. */
export function unpackFrame(bytes: Uint8Array, isWanted: (series: number) => boolean): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const frame: Frame = new Map()
  for (let offset = 0; offset + headBytes <= bytes.byteLength;) {
    const series = view.getUint32(offset, true)
    const count = view.getUint8(offset + 4)
    offset += headBytes
    const end = offset + count * valueBytes
    if (end > bytes.byteLength) break
    if (isWanted(series))
      frame.set(
        series,
        Float32Array.from({ length: count }, (_, i) => view.getFloat32(offset + i * valueBytes, true)),
      )
    offset = end
  }
  return frame
}
