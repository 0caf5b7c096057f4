import { z } from 'zod'
import { AppError } from '../errors.ts'

/** What a person has said of a node, beside what is known of its health: who, since when, why, and until when. */
export interface NodeHold {
  since: Date
  /** The name of whoever said so last. */
  by: string
  reason: string | null
  /** When it ends by itself; null: when somebody ends it. */
  until: Date | null
}

/** `cordon`: no new apps. `maintenance`: no alarms. */
export type HoldKind = 'cordon' | 'maintenance'

export interface HoldInput {
  reason?: string | null | undefined
  until?: Date | null | undefined
}

const maxReason = 500
/** What is forgotten for longer than a year was not meant to end by itself. */
const longestMs = 366 * 24 * 3600 * 1000

/** @param former the hold that this one changes: it has held since then */
export function newHold({ reason, until }: HoldInput, by: string, now: Date, former: NodeHold | null): NodeHold {
  const words = reason?.trim() ?? ''
  if (words.length > maxReason) refuse('reason', `must have at most ${maxReason} characters`)
  if (until && !(until > now)) refuse('until', 'must be in the future')
  if (until && until.getTime() - now.getTime() > longestMs) refuse('until', 'must be within a year')
  return { since: former?.since ?? now, by, reason: words === '' ? null : words, until: until ?? null }
}

export const isOver = (hold: NodeHold | null, now: Date): boolean => hold?.until != null && hold.until <= now

/** Why a new app may not go to a node. */
export const cordonWords = (name: string, { by, since, reason }: NodeHold): string =>
  `${name} takes no new apps: ${by} cordoned it on ${since.toISOString()}${reason === null ? '' : ` (${reason})`}. Choose another node, or uncordon it`

const document = z.object({ since: z.coerce.date(), by: z.string(), reason: z.string().nullable(), until: z.coerce.date().nullable() })

/** As the database keeps it: JSON knows no dates. */
export const readHold = (kept: NodeHold | null): NodeHold | null => kept && document.parse(kept)

function refuse(field: string, message: string): never {
  throw new AppError('INVALID_INPUT', `${field}: ${message}`, { fields: [{ field, message }] })
}
