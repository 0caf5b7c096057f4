import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

const tables = ['/proc/net/tcp', '/proc/net/tcp6']
/** The kernel's word for LISTEN. */
const listen = '0A'

/**
 * Reads which TCP ports some program on this machine listens on. Empty where the kernel does not tell: on systems other than Linux,
 * and in a container, which sees only itself.
 */
export function createListeners(isContainer = existsSync('/.dockerenv')) {
  return async (): Promise<Set<number>> => {
    if (isContainer) return new Set()
    const texts = await Promise.all(tables.map((table) => readFile(table, 'latin1').catch(() => '')))
    return new Set(texts.flatMap(portsIn))
  }
}

/** Each line has the local address as `0100007F:1F90`, the remote one, then the state. */
export function portsIn(table: string): number[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/)
      return state === listen ? Number.parseInt(local.split(':')[1] ?? '', 16) : []
    })
}
