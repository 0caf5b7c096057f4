import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'

/** Why a sign-in failed, as passed to the sign-in page in `?error=`. The log and the audit log say more. */
export type SignInFailure =
  /** The person or the provider said no. */
  | 'denied'
  /** The provider knows this person, but they are not on the allowlist. */
  | 'not-allowed'
  /** The invitation cannot be used any more. */
  | 'invitation'
  /** The e-mail address is on the allowlist, but the provider has not verified that it is this person's. */
  | 'unverified'
  /** Too many sign-ins from this address failed. */
  | 'too-many'
  /** Started too long ago or in another browser, or already used. */
  | 'expired'
  /** The provider's answer is invalid. */
  | 'provider'
  /** The provider does not answer. */
  | 'unreachable'
  /** A bug or failure in this server. */
  | 'failed'

export class SignInError extends Error {
  readonly failure: SignInFailure

  constructor(failure: SignInFailure, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'SignInError'
    this.failure = failure
  }
}

/** Turns a provider's error into ours. Never contains a code, token or secret, because it is logged and audited. */
export function toSignInError(error: unknown): SignInError {
  if (error instanceof SignInError) return error
  if (error instanceof AuthorizationResponseError) {
    return new SignInError(error.error === 'access_denied' ? 'denied' : 'provider', said(error))
  }
  if (error instanceof ResponseBodyError) return new SignInError(error.status >= 500 ? 'unreachable' : 'provider', said(error))
  if (error instanceof ClientError) return fromClient(error)
  // This is how fetch reports that it could not connect, or that the connection broke.
  if (error instanceof TypeError && error.cause instanceof Error) {
    const { code } = error.cause as NodeJS.ErrnoException
    return new SignInError('unreachable', `the provider cannot be reached: ${code ?? error.cause.message}`)
  }
  return new SignInError('failed', 'something went wrong on this server', { cause: error })
}

const said = ({ error, error_description: description }: { error: string; error_description?: string | undefined }): string =>
  `the provider answered ${error.slice(0, 100)}${description ? `: ${description.slice(0, 200)}` : ''}`

function fromClient(error: ClientError): SignInError {
  if (error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT')
    return new SignInError('unreachable', 'the provider took too long to answer')
  if (error.cause instanceof Response) {
    const { status } = error.cause
    return new SignInError(status >= 500 ? 'unreachable' : 'provider', `${error.message}: ${status}`)
  }
  return new SignInError('provider', saidAnyway(error.cause) ?? (error.cause instanceof Error ? error.cause.message : error.message))
}

/** GitHub's token endpoint reports errors with status 200. */
function saidAnyway(cause: unknown): string | undefined {
  const { body } = ((cause instanceof Error ? cause.cause : undefined) as { body?: Partial<Record<string, unknown>> }) ?? {}
  const { error, error_description: description } = body ?? {}
  if (typeof error !== 'string') return undefined
  return said({ error, error_description: typeof description === 'string' ? description : undefined })
}
