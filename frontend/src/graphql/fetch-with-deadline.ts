/**
 * Longer than the server waits for another node, so the server's own error comes first. Without a limit, a request on a dead
 * connection keeps its button busy as long as the page is open.
 */
const answerWithinMs = 30_000

/** Like `fetch`, but aborts when the whole answer does not arrive in time. */
export function fetchWithDeadline(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const late = AbortSignal.timeout(answerWithinMs)
  return fetch(input, { ...init, signal: init.signal ? AbortSignal.any([init.signal, late]) : late })
}
