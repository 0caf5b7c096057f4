import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'

/** Why a sign-in came to nothing, as the sign-in page is told in `?error=`. The log and the audit log say more. */
export type SignInFailure =
  /** The person or the provider said no. */
  | 'denied'
  /** The provider knows this person, but nobody let them in here. */
  | 'not-allowed'
  /** The provider says an e-mail address that is on the list, but not that it is this person's. */
  | 'unverified'
  /** Too many sign-ins from there came to nothing. */
  | 'too-many'
  /** Began too long ago, in another browser, or was used already. */
  | 'expired'
  /** The provider's answer cannot be accepted. */
  | 'provider'
  /** The provider does not answer. */
  | 'unreachable'
  /** A fault of this server. */
  | 'failed'

export class SignInError extends Error {
  readonly failure: SignInFailure

  constructor(failure: SignInFailure, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'SignInError'
    this.failure = failure
  }
}

/** What went wrong at a provider. Never holds a code, a token or a secret: it is logged and audited. */
export function toSignInError(error: unknown): SignInError {
  if (error instanceof SignInError) return error
  if (error instanceof AuthorizationResponseError) {
    return new SignInError(error.error === 'access_denied' ? 'denied' : 'provider', said(error))
  }
  if (error instanceof ResponseBodyError) return new SignInError(error.status >= 500 ? 'unreachable' : 'provider', said(error))
  if (error instanceof ClientError) return fromClient(error)
  // How fetch says that no connection came about, or that it broke.
  if (error instanceof TypeError && error.cause instanceof Error) {
    const { code } = error.cause as NodeJS.ErrnoException
    return new SignInError('unreachable', `the provider cannot be reached: ${code ?? error.cause.message}`)
  }
  return new SignInError('failed', 'something went wrong here', { cause: error })
}

const said = ({ error, error_description: description }: { error: string; error_description?: string | undefined }): string =>
  `the provider says ${error.slice(0, 100)}${description ? `: ${description.slice(0, 200)}` : ''}`

function fromClient(error: ClientError): SignInError {
  if (error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT') return new SignInError('unreachable', 'the provider took too long')
  if (error.cause instanceof Response) {
    const { status } = error.cause
    return new SignInError(status >= 500 ? 'unreachable' : 'provider', `${error.message}: ${status}`)
  }
  return new SignInError('provider', saidAnyway(error.cause) ?? (error.cause instanceof Error ? error.cause.message : error.message))
}

/** GitHub says errors of the token endpoint with status 200. */
function saidAnyway(cause: unknown): string | undefined {
  const { body } = ((cause instanceof Error ? cause.cause : undefined) as { body?: Partial<Record<string, unknown>> }) ?? {}
  const { error, error_description: description } = body ?? {}
  if (typeof error !== 'string') return undefined
  return said({ error, error_description: typeof description === 'string' ? description : undefined })
}
