import type { JoinAttemptFieldsFragment, JoinHop } from '../graphql/generated/graphql.ts'

/** Where on the way to its primary a joining node came to an end. */
const hopWords: Record<JoinHop, string> = {
  DNS: 'the name was not found (DNS)',
  TCP: 'no connection (TCP)',
  TLS: 'no trusted connection (TLS)',
  HTTP: 'no good answer (HTTP)',
  CLOCK: 'the clocks differ',
  TOKEN: 'the token is not good',
  NAME: 'its id or name cannot be had',
}

/** Who tried: the node's name in the cluster, or else what it calls itself. */
export const attemptWho = ({ hostname, address }: JoinAttemptFieldsFragment, node: { name: string } | undefined): string =>
  node?.name ?? hostname ?? address

/** What follows the name, such as `has joined`. */
export function attemptOutcome({ ok, hop }: JoinAttemptFieldsFragment): string {
  if (ok) return 'has joined'
  return hop ? `could not join: ${hopWords[hop]}` : 'could not join'
}

/** What the server said of it beyond the outcome. */
export const attemptDetail = ({ ok, message }: JoinAttemptFieldsFragment): string =>
  ok ? message.replace(/^Joined as .*?\.(\s|$)/, '') : message
