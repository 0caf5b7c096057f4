import { z } from 'zod'
import { bounds } from '../bounds.ts'
import { invalidInput } from '../errors.ts'

const { size, command, container } = bounds.terminals
const count = (most: number, whenUnset: number) =>
  z.coerce.number(`must be a whole number from 1 to ${most}`).int().min(1).max(most).default(whenUnset)

const query = z.strictObject({
  cols: count(size.cols, 80),
  rows: count(size.rows, 24),
  command: z.array(z.string().max(command.argument)).max(command.arguments).default([]),
  session: z.uuid('must be the id of a terminal').optional(),
})

const path = /^\/api\/nodes\/([^/]+)\/containers\/([^/]+)\/terminal$/
const names = ['cols', 'rows', 'session'] as const

export interface TerminalPlace {
  nodeId: string
  container: string
}

/** The container that a path names; null for another path. */
export function terminalPlaceOf(asked: string | undefined): TerminalPlace | null {
  const found = path.exec(asked ?? '')
  if (!found) return null
  try {
    const [nodeId = '', name = ''] = found.slice(1).map(decodeURIComponent)
    return name.length <= container ? { nodeId, container: name } : null
  } catch {
    return null
  }
}

/** @throws INVALID_INPUT */
export function readTerminalQuery(url: string | undefined): z.output<typeof query> {
  const given = new URL(url ?? '/', 'http://here').searchParams
  const values: Record<string, unknown> = {}
  for (const name of new Set(given.keys())) values[name] = given.getAll(name)
  for (const name of names) {
    const all = given.getAll(name)
    if (all.length === 1) values[name] = all[0]
  }
  const parsed = query.safeParse(values)
  if (parsed.success) return parsed.data
  throw invalidInput(
    parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((field) => ({ field, message: 'is unknown' }))
        : [{ field: issue.path.join('.'), message: issue.message }],
    ),
  )
}
