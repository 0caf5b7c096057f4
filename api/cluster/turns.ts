const waiting: (() => void)[] = []

/**
 * What nodes send is worked on in small pieces, one in each turn of the event loop whichever node it is from: however much
 * nine of them say at once, a person's call stands behind one piece, not behind nine.
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

/** How many bytes are a piece: it costs about as much as a small answer to a person. */
const turnBytes = 64 * 1024

/** For one reader of bytes: waits for a turn whenever a piece of them was read. */
export function createByteTurns() {
  let left = turnBytes
  return async function read(bytes: number): Promise<void> {
    left -= bytes
    if (left > 0) return
    await nextTurn()
    left = turnBytes
  }
}
