import { z } from 'zod'
import { bounds } from '../bounds.ts'
import { invalidInput } from '../errors.ts'

const { size, command, container } = bounds.terminals
const count = (most: number) => {
  const words = `must be a whole number from 1 to ${most}`
  return z.coerce.number(words).int(words).min(1, words).max(most, words).optional()
}
const tooLong = `must be at most ${command.argument} characters, each argument`
const tooMany = `must have at most ${command.arguments} arguments`

const query = z.strictObject({
  cols: count(size.cols),
  rows: count(size.rows),
  command: z
    .array(z.string().max(command.argument, tooLong))
    .max(command.arguments, tooMany)
    .refine(([program]) => program !== '', 'must begin with the name of a program. Leave it out for a shell')
    .default([]),
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
        : [{ field: String(issue.path[0] ?? ''), message: issue.message }],
    ),
  )
}
