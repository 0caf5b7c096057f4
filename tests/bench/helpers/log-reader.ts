import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

interface Batch {
  lines: { text: string }[]
  skipped: number
}

export type LogReader = ReturnType<typeof logReader>

/** A subscriber to a container's log from now on, which counts what it gets. */
export function logReader(url: string, nodeId: string, containerId: string) {
  const webSocketImpl = class extends WebSocket {
    constructor(address: string, protocol: string) {
      super(address, protocol, { headers: { origin: url } })
    }
  }
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl, retryAttempts: 0 })
  const query = `subscription ($nodeId: ID!, $id: ID!) {
    containerLogs(nodeId: $nodeId, containerId: $id, tail: 0) { lines { at service container stream text position } skipped passed }
  }`
  let [lines, skipped] = [0, 0]
  const begun = Promise.withResolvers<void>()
  client.subscribe<{ containerLogs: Batch }>(
    { query, variables: { nodeId, id: containerId } },
    {
      next({ data, errors }) {
        if (errors?.[0]) begun.reject(new Error(errors[0].message))
        lines += data?.containerLogs.lines.length ?? 0
        skipped += data?.containerLogs.skipped ?? 0
        begun.resolve()
      },
      error: (error) => begun.reject(error instanceof Error ? error : new Error(JSON.stringify(error))),
      complete: () => undefined,
    },
  )
  return {
    begun: begun.promise,
    lines: () => lines,
    skipped: () => skipped,
    close: () => void client.dispose(),
  }
}
