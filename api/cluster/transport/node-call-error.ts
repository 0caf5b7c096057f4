import { AppError, type ErrorCode, type FieldError } from '../../errors.ts'
import type { NodeAddress } from '../members/node-registry.ts'
import { isNotConnected } from './failure-words.ts'

/**
 * A failed call. `why` is the reason without the node's name. `answered` tells a refusal from no answer. `retryAfterMs` is
 * when the other side wants the next try.
 */
export class NodeCallError extends AppError {
  override readonly name = 'NodeCallError'
  readonly why: string
  readonly answered: boolean
  /** The answer's status, if there was an answer. */
  readonly httpStatus: number | undefined
  readonly retryAfterMs: number | undefined
  /** Caused by this program being frozen, so it says nothing about the node. */
  readonly isOurs: boolean
  /** The node may have received the call, but did not answer. */
  readonly mayBeReceived: boolean

  constructor(
    code: ErrorCode,
    why: string,
    options: {
      nodeName?: string
      answered: boolean
      fields?: FieldError[]
      cause?: unknown
      httpStatus?: number
      retryAfterMs?: number | undefined
      isOurs?: boolean
    },
  ) {
    super(code, options.nodeName ? `${options.nodeName}: ${why}` : why, options)
    this.why = why
    this.answered = options.answered
    this.httpStatus = options.httpStatus
    this.retryAfterMs = options.retryAfterMs
    this.isOurs = options.isOurs ?? false
    this.mayBeReceived = !this.answered && options.cause !== undefined && !isNotConnected(options.cause)
  }
}

/** The node did not answer. */
export const unreachable = ({ name }: NodeAddress, why: string, cause?: unknown, isOurs = false): NodeCallError =>
  new NodeCallError('NODE_UNREACHABLE', why, { nodeName: name, answered: false, cause, isOurs })

/** The node answered, but not as it should. */
export const unusable = ({ name }: NodeAddress, why: string, said: { httpStatus?: number; retryAfterMs?: number | undefined } = {}) =>
  new NodeCallError('NODE_UNREACHABLE', why, { nodeName: name, answered: true, ...said })
