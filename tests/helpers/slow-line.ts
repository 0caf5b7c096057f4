import type { Socket } from 'node:net'

/** How a line carries bytes. Changing a member changes what is sent from then on. */
export interface LineConditions {
  /** Each piece travels this long, one way. */
  delayMs: number
  /** Up to this much longer or shorter. What was sent first still arrives first. */
  jitterMs: number
  bytesPerSecond: number
  /** This share of the packets is sent again after TCP's wait, once more if it is lost again; 0 to 1. */
  lostShare: number
  /** Nothing arrives while this is true; it is kept, and arrives afterwards. */
  stalled: boolean
}

export const clearLine = (): LineConditions => ({ delayMs: 0, jitterMs: 0, bytesPerSecond: Infinity, lostShare: 0, stalled: false })

/** More than this is not read ahead, in bytes: the sender feels that the line is slow. */
const mostOnLine = 256 * 1024
const packetBytes = 1448
/** The shortest wait of Linux before it sends a packet again; it doubles with each try. */
const firstResendMs = 200

/** Carries what one socket says to another, its end and its failure included, under conditions that may change meanwhile. */
export function carry(from: Socket, to: Socket, conditions: LineConditions, random: () => number) {
  const underWay: { due: number; bytes: number; arrive: () => void }[] = []
  let lastDue = 0
  let bytesUnderWay = 0
  let timer: NodeJS.Timeout | undefined
  let isDead = false

  function send(bytes: number, arrive: () => void): void {
    if (isDead) return
    const travelMs = conditions.delayMs + (2 * random() - 1) * conditions.jitterMs + resendMs(bytes, conditions.lostShare, random)
    lastDue = Math.max(lastDue, performance.now() + travelMs) + (bytes / conditions.bytesPerSecond) * 1000
    bytesUnderWay += bytes
    underWay.push({ due: lastDue, bytes, arrive })
    if (bytesUnderWay > mostOnLine) from.pause()
    deliver()
  }

  function deliver(): void {
    clearTimeout(timer)
    while (!conditions.stalled && underWay[0] && underWay[0].due <= performance.now()) {
      const { bytes, arrive } = underWay.shift() ?? underWay[0]
      bytesUnderWay -= bytes
      arrive()
    }
    if (bytesUnderWay <= mostOnLine && from.isPaused()) from.resume()
    const [next] = underWay
    if (next && !conditions.stalled) timer = setTimeout(deliver, Math.max(0, next.due - performance.now()))
  }

  from.on('data', (chunk: Buffer) => send(chunk.length, () => void (to.writable && to.write(chunk))))
  from.on('end', () => send(0, () => to.end()))
  from.on('error', () => send(0, () => to.resetAndDestroy()))
  from.on('close', () => send(0, () => to.destroySoon()))

  return {
    /** To be called when the line is no longer stalled. */
    deliver,
    /** What is under way never arrives, nor does anything after it. What is sent is read, so that its sender notices nothing. */
    kill(): void {
      isDead = true
      clearTimeout(timer)
      underWay.length = 0
      from.resume()
    },
  }
}

function resendMs(bytes: number, lostShare: number, random: () => number): number {
  let longest = 0
  for (let packet = 0; packet < Math.max(1, bytes / packetBytes); packet++) {
    let waited = 0
    for (let wait = firstResendMs; random() < lostShare; wait *= 2) waited += wait
    longest = Math.max(longest, waited)
  }
  return longest
}
