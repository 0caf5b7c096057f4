import { Misbehavior } from './misbehavior.ts'

const comma = ','.charCodeAt(0)
const list = '['.charCodeAt(0)
const object = '{'.charCodeAt(0)
const quote = '"'.charCodeAt(0)
const backslash = '\\'.charCodeAt(0)

/** Counts the values in a JSON text, without keys. Characters inside strings do not count, because a Compose file can be full of commas. */
export function countValues(text: string): number {
  let count = 1
  // Stryker disable next-line EqualityOperator: after the end there is no character that counts
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (code === comma || code === list || code === object) count += 1
  }
  return count
}

/** Finds the end of the string that starts at `start`: a quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text.charCodeAt(before) === backslash) before -= 1
    // Stryker disable next-line ArithmeticOperator: sum and difference are both odd or both even
    if ((end - before) % 2 === 1) return end
  }
  return text.length
}

/** Parsing one value takes at least as long as this many bytes of a long string. */
const valueCost = 16

/** The cost of parsing a JSON text, expressed in bytes of long strings. */
export const costOfJson = (text: string): number => Math.max(text.length, countValues(text) * valueCost)

/**
 * JSON.parse blocks the event loop. Long strings cost almost nothing, but many small values cost 30 times as much per byte:
 * 15 MB of `[],` take 1.8 s.
 *
 * @throws Misbehavior if there are more than `mostValues` values, SyntaxError if the text is not JSON
 */
export function parseBounded(text: string, mostValues: number): unknown {
  if (countValues(text) > mostValues) throw new Misbehavior(`sent JSON with more than ${mostValues} values`)
  return JSON.parse(text)
}

/** More than a refusal has, or another program's answer that is only looked at. */
const mostLookedAt = 1000

/** The value of a text that may not be JSON. Undefined if it is not, or if it is too large. */
export function jsonOrNothing(text: string): unknown {
  try {
    return parseBounded(text, mostLookedAt)
  } catch {
    return undefined
  }
}
