export const pathAdvice = String.raw`The path has a "//", a "." or ".." segment, a "\" or an encoded slash. Write it without`

/** Empty, "." and ".." segments, however they are spelled. Source: RFC 3986, sections 3.3 and 5.2.4 */
const oddSegment = /\/(\.|%2e){0,2}(\/|$)/i
/** What some programs read as "/" or as the end of a text, and others do not. */
const oddCharacter = /[\\\0]|%2f|%5c|%00/i

/**
 * Whether everybody reads this path the same way: a proxy in front, which decides by it who may come in, and the routes here.
 * What is not plain is refused, not mended, so that there is nothing to disagree on.
 */
export function isPlainPath(url: string | undefined): boolean {
  const path = url?.split(/[?#]/, 1)[0] ?? ''
  return path.startsWith('/') && !oddCharacter.test(path) && !oddSegment.test(path.replace(/\/$/, ''))
}
