import { z } from 'zod'
import { AppError } from '../../errors.ts'

/** A state that a person put a node in, whatever its health: who, since when, why and until when. */
export interface NodeHold {
  since: Date
  /** Name of the person who last set it. */
  by: string
  reason: string | null
  /** When it ends automatically. Null if it stays until someone ends it. */
  until: Date | null
}

/** `cordon`: no new apps. `maintenance`: no alarms. */
export type HoldKind = 'cordon' | 'maintenance'

export interface HoldInput {
  reason?: string | null | undefined
  until?: Date | null | undefined
}

const maxReason = 500
/** An end further away than this is probably a typo. */
const longestMs = 366 * 24 * 3600 * 1000

/** @param former the hold being changed, whose `since` is kept */
export function newHold({ reason, until }: HoldInput, by: string, now: Date, former: NodeHold | null): NodeHold {
  const words = reason?.trim() ?? ''
  if (words.length > maxReason) refuse('reason', `must have at most ${maxReason} characters`)
  if (until && !(until > now)) refuse('until', 'must be in the future')
  if (until && until.getTime() - now.getTime() > longestMs) refuse('until', 'must be within a year')
  return { since: former?.since ?? now, by, reason: words === '' ? null : words, until: until ?? null }
}

export const isOver = (hold: NodeHold | null, now: Date): boolean => hold?.until != null && hold.until <= now

/** Why a node refuses new apps. */
export const cordonWords = (name: string, { by, since, reason }: NodeHold): string =>
  `${name} takes no new apps: ${by} cordoned it on ${since.toISOString()}${reason === null ? '' : ` (${reason})`}. Choose another node, or uncordon it`

const document = z.object({ since: z.coerce.date(), by: z.string(), reason: z.string().nullable(), until: z.coerce.date().nullable() })

/** Reads a hold from the database, where dates are JSON strings. */
export const readHold = (kept: NodeHold | null): NodeHold | null => kept && document.parse(kept)

function refuse(field: string, message: string): never {
  throw new AppError('INVALID_INPUT', `${field}: ${message}`, { fields: [{ field, message }] })
}
