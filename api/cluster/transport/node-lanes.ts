import { Pool } from 'undici'
import type { NodeAddress } from '../members/node-registry.ts'
import { lookupOfNodes } from './endpoint-guard.ts'
import { maxAnswerBytes } from './node-answers.ts'

/** Sockets per node. A node that hangs holds no more than these. */
const connectionsPerNode = 8
/** One regular check, and the three that follow a lost session. */
const probesPerNode = 4
/** The event stream, logs and terminals. Each has a socket of its own, so that none waits for another. */
const streamsPerNode = 100

/** State kept for one node: its plain HTTP sockets, and what its calls have shown. */
export interface Lane {
  endpoint: string
  pool: Pool
  probes: Pool
  streams: Pool
  /** How many calls run or wait. */
  calls: number
  /** How far the node's clock is ahead of this one, or less; null if not known yet. */
  aheadMs: number | null
}

export type Lanes = ReturnType<typeof createLanes>

export function createLanes({ connectDeadlineMs }: { connectDeadlineMs: number }) {
  const lanes = new Map<string, Lane>()
  const connect = { timeout: connectDeadlineMs, lookup: lookupOfNodes }

  const makePool = (endpoint: string, connections: number): Pool =>
    new Pool(new URL(endpoint).origin, { connections, connect, keepAliveTimeout: 30_000, maxResponseSize: maxAnswerBytes })

  /** Streams do not end, so they have no size limit. With `bodyTimeout` 0, the reader decides whether a quiet stream is dead. */
  const makeStreamPool = (endpoint: string): Pool =>
    new Pool(new URL(endpoint).origin, { connections: streamsPerNode, connect, bodyTimeout: 0 })

  const make = {
    pool: (endpoint: string) => makePool(endpoint, connectionsPerNode),
    probes: (endpoint: string) => makePool(endpoint, probesPerNode),
  }

  function drop(nodeId: string): void {
    const lane = lanes.get(nodeId)
    lanes.delete(nodeId)
    for (const pool of lane ? [lane.pool, lane.probes, lane.streams] : []) void pool.destroy().catch(() => undefined)
  }

  return {
    find: (nodeId: string): Lane | undefined => lanes.get(nodeId),

    /** A node at another endpoint gets another lane. */
    of({ id, apiEndpoint: endpoint }: NodeAddress): Lane {
      const known = lanes.get(id)
      if (known?.endpoint === endpoint) return known
      if (known) drop(id)
      const pools = { pool: make.pool(endpoint), probes: make.probes(endpoint), streams: makeStreamPool(endpoint) }
      const lane: Lane = { endpoint, ...pools, calls: 0, aheadMs: null }
      lanes.set(id, lane)
      return lane
    },

    /** Replaces sockets of which one turned out to be dead. Calls on the others finish there. */
    renew(lane: Lane, kind: keyof typeof make): Pool {
      void lane[kind].close().catch(() => undefined)
      return (lane[kind] = make[kind](lane.endpoint))
    },

    drop,

    close(): void {
      for (const id of [...lanes.keys()]) drop(id)
    },
  }
}
