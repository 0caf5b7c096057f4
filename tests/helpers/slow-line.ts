import type { Socket } from 'node:net'

/** Conditions of a line. Changing a member affects what is sent from then on. */
export interface LineConditions {
  /** One-way delay of each piece. */
  delayMs: number
  /** Varies the delay by up to this much either way. Keeps the order. */
  jitterMs: number
  bytesPerSecond: number
  /** Share of packets (0 to 1) that is resent after TCP's timeout, repeatedly if lost again. */
  lostShare: number
  /** While true, data is held back. It arrives afterwards. */
  stalled: boolean
}

export const clearLine = (): LineConditions => ({ delayMs: 0, jitterMs: 0, bytesPerSecond: Infinity, lostShare: 0, stalled: false })

/** Read-ahead limit in bytes, so that the sender notices the slow line. */
const mostOnLine = 256 * 1024
const packetBytes = 1448
/** Linux's shortest wait before it resends a packet. Doubles with each retry. */
const firstResendMs = 200

/** Copies one socket to another, including its end and errors, under conditions that can change on the way. */
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
    /** Call when the line is no longer stalled. */
    deliver,
    /** Drops everything in flight and everything after. Keeps reading, so that the sender notices nothing. */
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
