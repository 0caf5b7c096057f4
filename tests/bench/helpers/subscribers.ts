import { createClient } from 'graphql-ws'
import { Pool } from 'undici'
import { WebSocket } from 'ws'
import type { LoadRequest } from './load-client.ts'
import { answer } from './worker.ts'

// Sends heartbeats and receives the resulting messages in one process, so that one clock measures both ends.

const roundDeadlineMs = 10_000
const socketUrl = (origin: string): string => `${origin.replace('http', 'ws')}/graphql`

interface Changed {
  nodeStatusChanged: { id: string }
}

let subscribers = 0
let pool: Pool | undefined
let heard: (nodeId: string) => void = () => undefined

/** Each subscriber has its own connection, like a browser. Resolves when all have received a snapshot of `nodes` nodes. */
async function subscribe({ origin, query, count, nodes }: { origin: string; query: string; count: number; nodes: number }): Promise<void> {
  const ready = Array.from({ length: count }, () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const client = createClient({ url: socketUrl(origin), webSocketImpl: WebSocket, retryAttempts: 0 })
    let inSnapshot = 0
    client.subscribe<Changed>(
      { query },
      {
        next({ data }) {
          if (++inSnapshot === nodes) resolve()
          if (data) heard(data.nodeStatusChanged.id)
        },
        error: reject,
        complete: () => undefined,
      },
    )
    return promise
  })
  await Promise.all(ready)
  subscribers = count
}

/** The same on plain WebSockets, for the bare server. */
async function listen({ origin, count }: { origin: string; count: number }): Promise<void> {
  const ready = Array.from({ length: count }, () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const socket = new WebSocket(socketUrl(origin))
    socket.on('open', resolve).on('error', reject)
    socket.on('message', (data: Buffer) => {
      const { payload } = JSON.parse(data.toString()) as { payload: { data: Changed } }
      heard(payload.data.nodeStatusChanged.id)
    })
    return promise
  })
  await Promise.all(ready)
  subscribers = count
}

interface Round {
  origin: string
  requests: LoadRequest[]
  /** Only messages about these nodes count. */
  nodeIds: string[]
  messagesPerNode: number
}

/**
 * Sends the requests at the same time and waits until every subscriber has its messages.
 * @returns the time from the first request to each message, in milliseconds
 */
async function round({ origin, requests, nodeIds, messagesPerNode }: Round): Promise<number[]> {
  pool ??= new Pool(origin, { connections: 50, pipelining: 1 })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const wanted = new Set(nodeIds)
  const delays: number[] = []
  const expected = subscribers * nodeIds.length * messagesPerNode
  const timer = setTimeout(() => reject(new Error(`${delays.length} of ${expected} messages within 10 s`)), roundDeadlineMs)
  const sentAt = performance.now()
  heard = (nodeId) => {
    if (!wanted.has(nodeId)) return
    delays.push(performance.now() - sentAt)
    if (delays.length === expected) resolve()
  }
  const answers = requests.map(async (request) => (await pool?.request(request))?.body.dump())
  try {
    await Promise.all([promise, ...answers])
  } finally {
    clearTimeout(timer)
    heard = () => undefined
  }
  return delays
}

const handlers = { subscribe, listen, round }

answer(handlers)

export type SubscribersApi = typeof handlers
