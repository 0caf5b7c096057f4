import { diskUsageQuery } from '../../graphql/documents/engine.ts'
import { emptyAnswer, toProblem } from '../../graphql/problem.ts'
import type { Outcome } from '../shared/useMutate.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** Measures the volumes of a node. It takes long on a full disk, so only when someone asks. */
export function useDiskUsage() {
  const { client } = useServerConnection()
  return {
    async measure(nodeId: string): Promise<Outcome<{ id: string; sizeBytes: number }[]>> {
      const { data, error } = await client.query(diskUsageQuery, { nodeId }, { requestPolicy: 'network-only' }).toPromise()
      if (data?.diskUsage) return { ok: true, data: data.diskUsage.volumes }
      return { ok: false, problem: error ? toProblem(error) : emptyAnswer }
    },
  }
}
