/** From good to bad. */
export const findingStates = ['fine', 'warning', 'problem'] as const
export type FindingState = (typeof findingStates)[number]

/** What the doctor found about one subject. */
export interface Finding {
  /** Such as "Docker" or "node worker-1". */
  subject: string
  state: FindingState
  /** What is so, in a sentence without its full stop. */
  message: string
  /** What to do; null when nothing needs doing. */
  remedy: string | null
}

export const fine = (subject: string, message: string): Finding => ({ subject, state: 'fine', message, remedy: null })
export const warning = (subject: string, message: string, remedy: string): Finding => ({ subject, state: 'warning', message, remedy })
export const problem = (subject: string, message: string, remedy: string): Finding => ({ subject, state: 'problem', message, remedy })
