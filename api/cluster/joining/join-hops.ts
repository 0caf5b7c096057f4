/** The step between a joining node and its primary at which an attempt failed. */
export const joinHops = ['dns', 'tcp', 'tls', 'http', 'clock', 'token', 'name'] as const
export type JoinHop = (typeof joinHops)[number]

/** An attempt that failed before the primary could answer, as seen by the joining node. */
export interface EarlierFailure {
  at: Date
  hop: JoinHop
  message: string
}
