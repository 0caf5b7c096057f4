/** Where on the way between a joining node and its primary it ended. */
export const joinHops = ['dns', 'tcp', 'tls', 'http', 'clock', 'token', 'name'] as const
export type JoinHop = (typeof joinHops)[number]

/** An attempt that did not get as far as the primary's answer, as the joining node saw it. */
export interface EarlierFailure {
  at: Date
  hop: JoinHop
  message: string
}
