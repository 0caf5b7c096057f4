import type { ComposeOnDisk } from '../../graphql/items.ts'
import { emptyAnswer, toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { composeOnDiskQuery } from '../../graphql/documents/apps.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

export type Read = { ok: true; onDisk: ComposeOnDisk | null } | { ok: false; problem: Problem }

/** Reads the Compose file in a node's folder, never from the cache. */
export function useComposeOnDisk() {
  const { client } = useServerConnection()
  return async (nodeId: string, name: string): Promise<Read> => {
    const { data, error } = await client.query(composeOnDiskQuery, { nodeId, name }, { requestPolicy: 'network-only' }).toPromise()
    if (data && !error) return { ok: true, onDisk: data.composeOnDisk ?? null }
    return { ok: false, problem: error ? toProblem(error) : emptyAnswer }
  }
}
