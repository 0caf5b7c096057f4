import { setTimeout as pause } from 'node:timers/promises'

const address = (port: number | undefined): string => `http://127.0.0.1:${port}/`
const oneConnection = (): RequestInit => ({ headers: { connection: 'close' }, signal: AbortSignal.timeout(5000) })

/** What a container serves on a port of this machine, now. */
export const pageNow = async (port: number | undefined): Promise<string> => (await fetch(address(port), oneConnection())).text()

/**
 * The same as soon as there is an answer. A container runs a moment before its program listens, and no event says when it does, so
 * this asks again until then. Bounded by the test's timeout.
 */
export async function pageOf(port: number | undefined): Promise<string> {
  for (;;) {
    try {
      return await pageNow(port)
    } catch {
      await pause(20)
    }
  }
}
