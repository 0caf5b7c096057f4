/** How each of several calls ended: 'done', or the code that it was refused with. What was not refused but broke is thrown. */
export const endsOf = (outcomes: PromiseSettledResult<unknown>[]): string[] =>
  outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return 'done'
    const { code } = outcome.reason as { code?: unknown }
    if (typeof code !== 'string') throw outcome.reason
    return code
  })
