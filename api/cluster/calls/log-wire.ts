import { z } from 'zod'
import { readPosition, writePosition, type LogBatch, type LogLine } from '../../apps/logs/log-line.ts'
import { bounds } from '../../bounds.ts'
import { AppError, codeOf } from '../../errors.ts'

/**
 * How batches of a log go from a node to its primary: one JSON value per line. What all lines of a container share is there once per
 * batch: `c` lists containers as id and service, a line in `l` is the index of its container, its stream, time, number and text. With `b`, what
 * was there at the beginning is complete.
 */
const { logs, container: ofContainer } = bounds

const text = (most: number) => z.string().max(most)
const lineWire = z.tuple([
  z.int().nonnegative(),
  z.union([z.literal(0), z.literal(1)]),
  text(30).nullable(),
  z.int().nonnegative(),
  // A cut line says so at its end.
  text(logs.lineBytes + 100),
])
const messageWire = z.object({
  c: z
    .array(z.tuple([text(128), text(ofContainer.service).nullable()]))
    .max(2000)
    .default([]),
  l: z.array(lineWire).max(logs.batch.lines).default([]),
  s: z.int().nonnegative().default(0),
  p: z.array(text(200)).max(2000).default([]),
  b: z.boolean().default(false),
  end: z.boolean().optional(),
  error: z.object({ code: text(50), message: text(2000) }).optional(),
})

export function writeBatch({ lines, skipped, passed, isLastOfPast }: LogBatch): string {
  const containers = new Map<string, number>()
  const c: [string, string | null][] = []
  const indexOf = ({ container, service }: LogLine): number => {
    const known = containers.get(container)
    if (known !== undefined) return known
    containers.set(container, c.length)
    return c.push([container, service]) - 1
  }
  const l = lines.map((line) => [indexOf(line), line.stream === 'stdout' ? 0 : 1, line.at, line.nth, line.text])
  return JSON.stringify({
    ...{ c, l },
    ...(skipped > 0 && { s: skipped }),
    ...(passed.length > 0 && { p: passed.map(writePosition) }),
    ...(isLastOfPast && { b: true }),
  })
}

export const writeEnd = (): string => JSON.stringify({ end: true })
export const writeError = ({ code, message }: AppError): string => JSON.stringify({ error: { code, message: message.slice(0, 2000) } })

/** Null at the end of the log. @throws the error that the node sent; SyntaxError, ZodError */
export function readBatch(json: string): LogBatch | null {
  const { c, l, s, p, b, end, error } = messageWire.parse(JSON.parse(json))
  if (error) throw new AppError(codeOf(error.code, 503) ?? 'NODE_UNREACHABLE', error.message)
  if (end) return null
  const lines = l.flatMap(([index, stream, at, nth, line]): LogLine[] => {
    const [container, service] = c[index] ?? []
    if (container === undefined) return []
    return [{ container, service: service ?? null, stream: stream === 0 ? 'stdout' : 'stderr', at, nth, text: line }]
  })
  return { lines, skipped: s, passed: p.map(readPosition).filter((each) => each !== null), isLastOfPast: b }
}
