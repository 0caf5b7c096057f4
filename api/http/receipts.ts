import type { WebSocket } from 'ws'

/** Messages of one subscription on their way. Two, so that the line is not idle while the client answers. */
const mostUnreceived = 2

/**
 * Tells what a client has received. The kernel accepts megabytes that a slow client reads minutes later, and a ping behind them would be
 * answered too late, as if the client were gone. So each message can be followed by a ping, which every WebSocket client answers in the
 * order in which things arrive.
 *
 * @returns for each subscription, a function to call before each of its messages. Resolves when it is time for it, or the socket has closed
 */
export function createReceipts(socket: WebSocket): () => () => Promise<void> {
  let pings = 0
  let answered = 0
  const waiting: (() => void)[] = []
  const wake = (): void => waiting.splice(0).forEach((resolve) => resolve())

  socket.on('pong', (data: Buffer) => {
    const number = data.length === 6 ? data.readUIntBE(0, 6) : 0
    if (number <= answered || number > pings) return
    answered = number
    wake()
  })
  socket.once('close', wake)

  return () => {
    let unreceived: number[] = []
    const isFull = (): boolean => {
      unreceived = unreceived.filter((number) => number > answered)
      return unreceived.length > mostUnreceived
    }
    return async function next() {
      if (socket.readyState !== socket.OPEN) return
      pings += 1
      unreceived.push(pings)
      const number = Buffer.alloc(6)
      number.writeUIntBE(pings, 0, 6)
      socket.ping(number)
      while (isFull() && socket.readyState === socket.OPEN) await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
}
