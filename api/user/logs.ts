import { readPosition, type LogRange, type LogSource } from '../apps/logs/log-line.ts'
import type { LogHub } from '../apps/logs/log-hub.ts'
import type { LogStream } from '../apps/logs/log-stream.ts'
import { callerKey } from '../auth/caller.ts'
import { bounds } from '../bounds.ts'
import { invalidInput, type FieldError } from '../errors.ts'
import type { Access } from './access.ts'

export interface LogsAsked {
  tail?: number | null | undefined
  since?: Date | null | undefined
  /** Positions of the last lines that the caller has, as the lines say them. */
  after?: readonly string[] | null | undefined
  follow?: boolean | null | undefined
}

/** How the lines reach the caller. */
type Received = (() => Promise<void>) | undefined

/** Docker's own names and ids. */
const containerPattern = /^[a-zA-Z0-9][\w.-]{0,127}$/
const usualTail = 200

/** The logs of the apps and containers that a caller sees. What a container prints is shown as it is. */
export function createUserLogs({ access, hub }: { access: Access; hub: LogHub }) {
  const { caller, sight } = access

  const open = (nodeId: string, source: LogSource, range: LogRange, received: Received): LogStream =>
    hub.stream(nodeId, source, range, { key: callerKey(caller), received, check: () => void sight.node(nodeId) })

  return {
    /** All services of an app in time order, or those named. @throws FORBIDDEN, NOT_FOUND, INVALID_INPUT, RATE_LIMITED */
    ofApp(
      id: string,
      { services, ...asked }: LogsAsked & { services?: readonly string[] | null | undefined },
      received?: Received,
    ): LogStream {
      access.need('cluster.read')
      const app = sight.app(id)
      const named = [...new Set(services ?? [])]
      const tooMany = named.length > bounds.logs.services
      const range = rangeOf(asked, tooMany ? [{ field: 'services', message: `can have at most ${bounds.logs.services} names` }] : [])
      return open(app.nodeId, { appId: app.id, services: named }, range, received)
    },

    /** Any container on a node, managed or not, by its id or name. @throws FORBIDDEN, NOT_FOUND, INVALID_INPUT, RATE_LIMITED */
    ofContainer(nodeId: string, containerId: string, asked: LogsAsked, received?: Received): LogStream {
      access.need('cluster.read')
      const node = sight.node(nodeId)
      const isName = containerPattern.test(containerId)
      const range = rangeOf(asked, isName ? [] : [{ field: 'containerId', message: "must be a container's id or name" }])
      return open(node.id, { containerId }, range, received)
    },
  }
}

/** @throws INVALID_INPUT */
function rangeOf({ tail, since, after, follow }: LogsAsked, problems: FieldError[]): LogRange {
  const most = bounds.logs
  if (tail !== undefined && tail !== null && (!Number.isInteger(tail) || tail < 0 || tail > most.tail))
    problems.push({ field: 'tail', message: `must be a whole number from 0 to ${most.tail}` })
  if ((after ?? []).length > most.positions) problems.push({ field: 'after', message: `can have at most ${most.positions} positions` })
  const positions = after?.map(readPosition).filter((each) => each !== null) ?? null
  if (positions && positions.length < (after ?? []).length)
    problems.push({ field: 'after', message: "must have positions of lines that have a time, as the lines' `position` says them" })
  if (problems.length > 0) throw invalidInput(problems)
  return {
    tail: tail ?? usualTail,
    since: since ? `${since.toISOString().slice(0, -1)}000000Z` : null,
    after: positions && positions.length > 0 ? positions : null,
    upTo: null,
    follow: follow ?? true,
  }
}
