/** The last bytes of an output, in memory of that size. */
export function createTerminalHistory(mostBytes: number) {
  const ring = Buffer.alloc(mostBytes)
  /** How much was ever written. */
  let written = 0

  return {
    push(chunk: Uint8Array): void {
      const kept = chunk.subarray(Math.max(0, chunk.byteLength - mostBytes))
      const at = (written + chunk.byteLength - kept.byteLength) % mostBytes
      const untilEnd = kept.subarray(0, mostBytes - at)
      ring.set(untilEnd, at)
      ring.set(kept.subarray(untilEnd.byteLength), 0)
      written += chunk.byteLength
    },

    /** A copy. */
    read(): Uint8Array {
      if (written <= mostBytes) return Buffer.from(ring.subarray(0, written))
      const at = written % mostBytes
      return Buffer.concat([ring.subarray(at), ring.subarray(0, at)])
    },
  }
}
