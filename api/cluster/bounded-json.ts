import { Misbehaviour } from './misbehaviour.ts'

const comma = ','.charCodeAt(0)
const list = '['.charCodeAt(0)
const object = '{'.charCodeAt(0)
const quote = '"'.charCodeAt(0)
const backslash = '\\'.charCodeAt(0)

/** How many values a JSON text has, its keys left out. What its strings say does not count: a Compose file may be full of commas. */
export function countValues(text: string): number {
  let count = 1
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (code === comma || code === list || code === object) count += 1
  }
  return count
}

/** Where the string that begins at `start` ends: at a quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text.charCodeAt(before) === backslash) before -= 1
    if ((end - before) % 2 === 1) return end
  }
  return text.length
}

/** A value costs at least so many bytes, in time. */
const valueCost = 16

/** What reading a JSON text costs, in bytes of long strings. */
export const costOfJson = (text: string): number => Math.max(text.length, countValues(text) * valueCost)

/**
 * JSON.parse stops everything else while it works. Long strings cost next to nothing, many small values cost 30 times as much
 * per byte: 15 MB of `[],` take 1.8 s.
 *
 * @throws Misbehaviour when there are more values than that, SyntaxError when it is no JSON
 */
export function parseBounded(text: string, mostValues: number): unknown {
  if (countValues(text) > mostValues) throw new Misbehaviour(`sent JSON of more than ${mostValues} values at once`)
  return JSON.parse(text)
}
