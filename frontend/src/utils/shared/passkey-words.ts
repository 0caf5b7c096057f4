import type { Problem } from '../../graphql/problem.ts'

const known: Record<string, string> = {
  NotAllowedError: 'The browser got no passkey: it was cancelled, or took too long.',
  InvalidStateError: 'This device already has a passkey for your account.',
  SecurityError: 'The browser allows no passkeys at this address.',
}

/** Why the browser gave no passkey. */
export function passkeyFailure(error: unknown): Problem {
  const name = error instanceof Error ? error.name : ''
  const message = known[name] ?? `The browser gave no passkey${error instanceof Error ? `: ${error.message}` : '.'}`
  return { code: 'NO_PASSKEY', message, fields: [] }
}
