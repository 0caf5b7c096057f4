import { eventually } from './cluster.ts'

/** What a container serves on a port of this machine, now. */
export async function pageNow(port: number | undefined): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5000) })
  return answer.text()
}

/** The same as soon as there is an answer. A container runs a moment before its program listens, and no event says when it does. */
export const pageOf = (port: number | undefined): Promise<string> => eventually(() => pageNow(port).catch(() => ''), Boolean)
