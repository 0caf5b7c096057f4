import type { ExecutionContext } from 'ava'
import type { Answer } from './http-caller.ts'

/** Asserts that an HTTP refusal is a problem document (RFC 9457) that names the problem and leaks no internals. */
export function assertProblem(t: ExecutionContext<unknown>, answer: Answer, status: number, expected: object = {}): void {
  t.is(answer.status, status, answer.text)
  t.regex(String(answer.headers['content-type']), /^application\/problem\+json/)
  t.is(answer.json.status, status)
  for (const member of ['title', 'detail']) t.true(typeof answer.json[member] === 'string' && answer.json[member] !== '', member)
  if (Object.keys(expected).length > 0) t.like(answer.json, expected)
  assertNoInside(t, answer.text)
}

/** Stack traces and paths of program files. */
export function assertNoInside(t: ExecutionContext<unknown>, text: string): void {
  t.notRegex(text, /\bat .+:\d+:\d+|node_modules|\.ts\b|file:\/\/|node:internal/)
}

export const fieldsOf = (answer: Answer): string[] => (answer.json.fields ?? []).map(({ field }: { field: string }) => field)
