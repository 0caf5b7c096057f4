import test from 'ava'
import fc from 'fast-check'
import { costOfJson, countValues, jsonOrNothing, parseBounded } from '../../../api/cluster/limits/bounded-json.ts'
import { Misbehavior } from '../../../api/cluster/limits/misbehavior.ts'

/** Counts the brackets and commas in a value's JSON. */
function marksIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const items = Object.values(value)
  return 1 + Math.max(0, items.length - 1) + items.reduce<number>((sum, item) => sum + marksIn(item), 0)
}

test('the count matches the parser; commas, brackets and quotes in strings do not count', (t) => {
  t.is(countValues('1'), 1)
  t.is(countValues('[]'), 2)
  t.is(countValues('[1,2]'), 3)
  t.is(countValues('{"a":{"b":[1]}}'), 4)
  t.is(countValues('"a,b[c{d"'), 1)
  t.is(countValues(String.raw`["a\"],[\\",1]`), 3)
  t.is(countValues(String.raw`["\\\\","\\"]`), 3)
  t.is(countValues('"never ends,,,'), 1)
  fc.assert(fc.property(fc.jsonValue(), (value) => countValues(JSON.stringify(value)) === 1 + marksIn(value)))
})

test('a text costs its length, or more if it has many small values', (t) => {
  t.is(costOfJson('"abcdefghijklmnopqrstuvwxyz"'), 28)
  t.is(costOfJson('[1,2,3]'), 4 * 16)
})

test('reads up to the allowed number of values; one more is misbehavior, and invalid JSON is a syntax error', (t) => {
  t.deepEqual(parseBounded('[1,2]', 3), [1, 2])
  t.throws(() => parseBounded('[1,2]', 2), { instanceOf: Misbehavior, message: /more than 2 values/ })
  t.throws(() => parseBounded('[1,', 3), { instanceOf: SyntaxError })
})

test('a text that may be anything is read if it is JSON and not too much of it', (t) => {
  t.deepEqual(jsonOrNothing('{"a":1}'), { a: 1 })
  t.is(jsonOrNothing(''), undefined)
  t.is(jsonOrNothing('<html>'), undefined)
  t.is(jsonOrNothing(JSON.stringify(Array.from({ length: 1000 }, () => 0))), undefined)
})
