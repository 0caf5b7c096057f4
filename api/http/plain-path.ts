export const pathAdvice = String.raw`The path contains "//", a "." or ".." segment, "\" or an encoded slash. Remove it`

/** Empty, "." and ".." segments, encoded or not. Source: RFC 3986, sections 3.3 and 5.2.4 */
const oddSegment = /\/(\.|%2e){0,2}(\/|$)/i
/** Characters that only some programs read as "/" or as the end of a string. */
const oddCharacter = /[\\\0]|%2f|%5c|%00/i

/**
 * Whether every program reads this path the same way: a proxy in front that controls access by path, and the routes here. Other
 * paths are refused, not normalized, so that there is nothing to disagree about.
 */
export function isPlainPath(url: string | undefined): boolean {
  const path = url?.split(/[?#]/, 1)[0] ?? ''
  return path.startsWith('/') && !oddCharacter.test(path) && !oddSegment.test(path.replace(/\/$/, ''))
}
