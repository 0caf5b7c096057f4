/** How each of several calls ended: 'done', or the refusal's code. Any other error is thrown. */
export const endsOf = (outcomes: PromiseSettledResult<unknown>[]): string[] =>
  outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return 'done'
    const { code } = outcome.reason as { code?: unknown }
    if (typeof code !== 'string') throw outcome.reason
    return code
  })
