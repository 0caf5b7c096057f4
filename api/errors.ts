/**
 * The closed list of errors that callers should see. Each code survives both hops (node -> primary -> browser): REST
 * carries it as `code` in the problem document, GraphQL in `extensions.code`. Any other error is a bug: it is logged with
 * a request id and masked in the response.
 */
export const errorStatus = {
  INVALID_INPUT: 400,
  UNAUTHENTICATED: 401,
  /** The password was right. The code of an authenticator app, or a recovery code, comes next. */
  SECOND_FACTOR_NEEDED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  MISDIRECTED: 421,
  POLICY_VIOLATION: 422,
  RATE_LIMITED: 429,
  /** The request needs another version on the node. */
  NOT_SUPPORTED: 501,
  DOCKER_UNAVAILABLE: 503,
  NODE_UNREACHABLE: 503,
  SHUTTING_DOWN: 503,
  /** Another program has locked the database, or the disk is failing. Nothing was changed. */
  STORAGE_UNAVAILABLE: 503,
  STORAGE_FULL: 507,
} as const

export type ErrorCode = keyof typeof errorStatus

/** The code that another node sent. A code that only a newer version knows is read by its HTTP status; undefined if that is unknown too. */
export function codeOf(word: string, status: number): ErrorCode | undefined {
  const codes = Object.keys(errorStatus) as ErrorCode[]
  return codes.find((code) => code === word) ?? codes.find((code) => errorStatus[code] === status)
}

/** One wrong field of an input: its name as the caller wrote it, and what is allowed. */
export interface FieldError {
  field: string
  message: string
}

/** An operation that may have been started on another node. */
export interface BegunElsewhere {
  operationId: string
  nodeId: string
}

export class AppError extends Error {
  readonly code: ErrorCode
  readonly fields: FieldError[]
  /** For RATE_LIMITED: how long to wait before trying again. */
  readonly retryAfterSeconds: number | undefined
  /** A change was requested and no answer came, so it may have been made. */
  readonly isOutcomeUnknown: boolean
  /** What will be heard of if it was made. */
  readonly mayHaveBegun: BegunElsewhere | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      fields?: FieldError[]
      cause?: unknown
      retryAfterSeconds?: number
      isOutcomeUnknown?: boolean
      mayHaveBegun?: BegunElsewhere | undefined
    } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.fields = options.fields ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
    this.isOutcomeUnknown = options.isOutcomeUnknown ?? false
    this.mayHaveBegun = options.mayHaveBegun
  }

  get status(): number {
    return errorStatus[this.code]
  }

  /** GraphQL reads this when it serializes the error. */
  get extensions(): Record<string, unknown> {
    return {
      code: this.code,
      ...(this.fields.length > 0 ? { fields: this.fields } : {}),
      ...(this.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: this.retryAfterSeconds }),
    }
  }
}

/** All fields and what is wrong with each, as one message. */
export const wordsOf = (fields: FieldError[]): string => fields.map(({ field, message }) => `${field}: ${message}`).join('; ')

export const invalidInput = (fields: FieldError[]): AppError => new AppError('INVALID_INPUT', wordsOf(fields), { fields })

export const notFound = (what: string, id: string): AppError => new AppError('NOT_FOUND', `There is no ${what} with id ${id}`)

/** Whether a node could not be asked: it is away, or too old. What is known of it here is then told instead. */
export const couldNotBeAsked = (error: unknown): error is AppError =>
  error instanceof AppError && (error.code === 'NODE_UNREACHABLE' || error.code === 'NOT_SUPPORTED')

/** A problem that prevents startup and that the operator can fix. main.ts prints the message and exits with code 1. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error))
