/** Messages for the sign-in page's `?error=`. The server sets all of these codes except `ended`, which the dashboard sets. */
const failures: Record<string, { title: string; text: string }> = {
  ended: { title: 'Your session has ended', text: 'It expired or was revoked. Sign in again.' },
  denied: { title: 'Sign-in was not completed', text: 'You cancelled it, or the provider refused it.' },
  'not-allowed': {
    title: 'This account is not allowed to sign in',
    text: 'The provider knows the account, but it is not on the allowlist. Ask the person who runs this server to add it.',
  },
  unverified: {
    title: 'Your e-mail address is not verified',
    text: 'It is on the allowlist, but the provider does not confirm that it is yours. Verify it there, then sign in again.',
  },
  invitation: {
    title: 'This invitation cannot be used',
    text: 'It expired, was withdrawn or was already used. Ask whoever sent it for a new one.',
  },
  'too-many': { title: 'Too many failed sign-ins', text: 'Too many sign-ins from your address failed. Try again in a minute.' },
  expired: {
    title: 'This sign-in has expired',
    text: 'It was started too long ago or in another browser, or it was already used. Start again.',
  },
  provider: { title: "The provider's answer was not accepted", text: "This server's log says why." },
  unreachable: { title: 'The provider did not answer', text: 'This server could not reach it. Try again in a moment.' },
  failed: { title: 'Something went wrong on this server', text: "The server's log has the details." },
}

export const signInFailure = (code: string) => failures[code] ?? { title: 'Sign-in failed', text: `The server gave the reason "${code}".` }
