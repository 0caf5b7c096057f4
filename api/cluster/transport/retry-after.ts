/** The longest wait until the next try, whatever the other side or a proxy asks for. */
const longestMs = 10 * 60_000

/**
 * When the other side wants the next try, from its Retry-After: in seconds, or as a date, which its own clock reads. Undefined
 * if it says nothing that makes sense. Source: RFC 9110, section 10.2.3
 */
export function retryAfterMsOf(headers: { 'retry-after'?: string | undefined; date?: string | undefined }): number | undefined {
  const said = headers['retry-after']
  if (said === undefined) return undefined
  const seconds = Number(said)
  const ms = Number.isNaN(seconds) ? Date.parse(said) - Date.parse(headers.date ?? '') : seconds * 1000
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, longestMs) : undefined
}
