import type { JoinAttemptFieldsFragment, JoinHop } from '../../graphql/generated/graphql.ts'

/** Where a joining node failed on the way to its primary. */
const hopWords: Record<JoinHop, string> = {
  DNS: 'the host name was not found (DNS)',
  TCP: 'no connection (TCP)',
  TLS: 'no trusted connection (TLS)',
  HTTP: 'no valid answer (HTTP)',
  CLOCK: 'the clocks differ',
  TOKEN: 'the token is not valid',
  NAME: 'its id or name is taken',
}

/** Who tried: the node's name in the cluster, or its own host name or address. */
export const attemptWho = ({ hostname, address }: JoinAttemptFieldsFragment, node: { name: string } | undefined): string =>
  node?.name ?? hostname ?? address

/** The words after the name, such as `has joined`. */
export function attemptOutcome({ ok, hop }: JoinAttemptFieldsFragment): string {
  if (ok) return 'has joined'
  return hop ? `could not join: ${hopWords[hop]}` : 'could not join'
}

/** What the server said besides the outcome. */
export const attemptDetail = ({ ok, message }: JoinAttemptFieldsFragment): string =>
  ok ? message.replace(/^Joined as .*?\.(\s|$)/, '') : message
