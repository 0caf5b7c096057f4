import type { Response } from 'undici'
import { systemClock, watchStandstill } from '../../clock.ts'
import { AppError } from '../../errors.ts'
import type { AnsweredCall, DuplexCall, StreamCall } from '../calls/declared-call.ts'
import type { NodeAddress } from '../members/node-registry.ts'
import { requestOf, type CallRequest } from './call-request.ts'
import { failureInWords } from './failure-words.ts'
import type { Link } from './links.ts'
import { readJson, refusalOf } from './node-answers.ts'
import { unreachable, unusable } from './node-call-error.ts'
import { createLanes } from './node-lanes.ts'
import { createNodeSender, type CallOptions, type Sending } from './node-sender.ts'

/** Within this time the node queues an operation but does not run it. `docker compose config` can take a few seconds of it. */
const defaultDeadlineMs = 20_000
/** If this program was frozen for longer than this, a missed deadline says nothing about the node. */
const standstillMs = 1000
/** Calls per node that run or wait. Further calls fail at once instead of piling up behind a node that hangs. */
const callsPerNode = 64

/** A request that no declared call makes. */
export type NodeRequest = CallOptions & Partial<CallRequest> & Pick<CallRequest, 'path'>

export type NodeClient = ReturnType<typeof createNodeClient>

/**
 * Calls other nodes as this node, over a link or plain HTTP; callers do not see which. Failures are AppErrors with a message
 * for people.
 */
export function createNodeClient({
  selfId,
  instance,
  linkOf = () => undefined,
  connectDeadlineMs = 4000,
}: {
  selfId: string
  /** Distinguishes this program from another one with the same identity. */
  instance?: { instanceId: string; hostname: string }
  linkOf?: (nodeId: string) => Link | undefined
  connectDeadlineMs?: number
}) {
  const lanes = createLanes({ connectDeadlineMs })
  const { headersFor, send } = createNodeSender({ selfId, instance, linkOf, lanes })

  /** Sends a request and returns the answer's JSON. @throws AppError with the node's own refusal, or NODE_UNREACHABLE */
  async function request(
    address: NodeAddress,
    { deadlineMs = defaultDeadlineMs, method = 'GET', ...asked }: NodeRequest,
  ): Promise<unknown> {
    const lane = lanes.of(address)
    if (lane.calls >= callsPerNode && !asked.isProbe)
      throw unreachable(address, `${callsPerNode} calls to it are already waiting for an answer`)
    const deadline = AbortSignal.timeout(deadlineMs)
    const signal = asked.signal ? AbortSignal.any([deadline, asked.signal]) : deadline
    const kind = asked.isProbe ? 'probes' : 'pool'
    const stoodStill = watchStandstill(systemClock)
    const weight = asked.isProbe ? 0 : 1
    lane.calls += weight
    try {
      const response = await send(address, { ...asked, method, accept: 'application/json', kind, signal, waitsMs: deadlineMs })
      if (response.status >= 300) throw await refusalOf(address, response)
      return await readJson(response)
    } catch (error) {
      if (error instanceof AppError) throw error
      if (!deadline.aborted) throw unreachable(address, failureInWords(error, address.apiEndpoint), error)
      const isOurs = stoodStill() > standstillMs
      throw unreachable(address, `did not answer within ${deadlineMs / 1000} s`, error, isOurs)
    } finally {
      stoodStill()
      lane.calls -= weight
    }
  }

  async function openStream(address: NodeAddress, opening: Omit<Sending, 'kind' | 'waitsMs'>): Promise<AsyncIterable<Uint8Array>> {
    try {
      const response = await send(address, { ...opening, kind: 'streams', waitsMs: null })
      if (response.status >= 300) throw await refusalOf(address, response)
      return bytesOf(response)
    } catch (error) {
      if (error instanceof AppError) throw error
      throw unreachable(address, failureInWords(error, address.apiEndpoint), error)
    }
  }

  return {
    /** Headers that identify this node to a node that shares the key. */
    headersFor,

    request,

    /** @throws AppError with the node's own refusal, or NODE_UNREACHABLE; also for an answer that cannot be read or is another node's */
    async call<Input extends object, Output, Read>(
      address: NodeAddress,
      call: AnsweredCall<Input, Output, Read>,
      input: Input,
      { deadlineMs = call.deadlineMs, ...options }: CallOptions = {},
    ): Promise<Read> {
      const answer = call.answer.read(await request(address, { ...requestOf(call, input), ...options, deadlineMs }))
      if (!answer) throw unusable(address, 'sent an answer that cannot be read. Does it run another version of Selfhostly?')
      if (call.isFrom?.(answer.value, address.id) === false) throw unusable(address, 'answered as another node')
      return answer.value
    },

    /** Opens a stream, which goes on until either side ends it. @throws like `call` */
    open: <Input extends object>(address: NodeAddress, call: StreamCall<Input>, input: Input, signal: AbortSignal) =>
      openStream(address, { ...requestOf(call, input), accept: call.contentType, signal }),

    /** Opens a stream in both directions: what `writes` has goes to the node as it comes. @throws like `call` */
    talk: <Input extends object>(
      address: NodeAddress,
      call: DuplexCall<Input>,
      input: Input,
      { writes, signal }: { writes: AsyncIterable<Uint8Array>; signal: AbortSignal },
    ) => openStream(address, { ...requestOf(call, input), accept: call.contentType, writes, signal }),

    /** Closes the connections to a node, for example after it was removed. */
    forget: lanes.drop,

    close: lanes.close,
  }
}

const bytesOf = ({ body }: Response): AsyncIterable<Uint8Array> => (body ?? []) as AsyncIterable<Uint8Array>
