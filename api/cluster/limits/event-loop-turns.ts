const waiting: (() => void)[] = []

/**
 * Data from nodes is processed in small pieces, one per turn of the event loop, regardless of which node sent it. However much
 * nine nodes send at once, a person's call waits behind one piece, not nine.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    if (waiting.length === 1) setImmediate(runOne)
  })
}

function runOne(): void {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(runOne)
}

/** Size of a piece in bytes. It takes about as long as a small answer to a person. */
const turnBytes = 64 * 1024

export type ByteTurns = ReturnType<typeof createByteTurns>

/** For one reader of bytes: waits for a turn after each piece. */
export function createByteTurns() {
  let left = turnBytes
  return async function read(bytes: number): Promise<void> {
    left -= bytes
    if (left > 0) return
    await nextTurn()
    left = turnBytes
  }
}
