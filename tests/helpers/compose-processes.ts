import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { markName } from '../../api/docker/leftovers.ts'

interface MarkedProcess {
  id: string
  parentId: string
  /** The Compose arguments that it runs. */
  command: string
}

/** The processes that carry a node's mark. */
export const markedProcesses = (nodeId: string): MarkedProcess[] =>
  readdirSync('/proc').flatMap((id) => {
    try {
      if (!/^\d+$/.test(id)) return []
      const command = readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ')
      if (!command.includes('compose') || !readFileSync(`/proc/${id}/environ`, 'utf8').split('\0').includes(`${markName}=${nodeId}`))
        return []
      const [, parentId = ''] = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${id}/status`, 'utf8')) ?? []
      return [{ id, parentId, command }]
    } catch {
      return []
    }
  })

/** What changes an app. Reading its file, which several may do at once, does not. */
const changes = / (up|pull)( |$)/

/** Looks every few milliseconds for Compose processes of a node that change an app while another one does. `end` throws if there were any. */
export function watchCompose(nodeId: string) {
  const stopping = new AbortController()
  let found: string[] = []
  async function look(): Promise<void> {
    while (!stopping.signal.aborted) {
      const all = markedProcesses(nodeId).filter(({ command }) => changes.test(command))
      // Compose 2 is a child of the Docker command.
      const roots = all.filter(({ parentId }) => !all.some(({ id }) => id === parentId))
      if (roots.length > 1) found = roots.map(({ command }) => command)
      await wait(25)
    }
  }
  const looking = look()
  return {
    async end(): Promise<void> {
      stopping.abort()
      await looking
      if (found.length > 0) throw new Error(`these ran at once: ${found.join('; ')}`)
    },
  }
}
