import { Misbehaviour } from './misbehaviour.ts'

const comma = ','.charCodeAt(0)
const list = '['.charCodeAt(0)
const object = '{'.charCodeAt(0)

/** About how many values a JSON text has. It may count a few too many: those that its strings look like. */
export function countValues(text: string): number {
  let count = 1
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === comma || code === list || code === object) count += 1
  }
  return count
}

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
