import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { isPrintable, unprintableWords } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { AppError, invalidInput, notFound, type FieldError } from '../errors.ts'
import { InvitationEntity, type InvitationRow } from './invitation.entity.ts'
import type { Standing } from './standing.ts'

const hourMs = 3600 * 1000
const longestNote = 100
/** A month: long enough for someone on vacation. */
export const longestHours = 720
export const usualHours = 168
/** More than anyone waits for at a time. */
const mostOpen = 100
/** 128 random bits as base64url. */
const codeForm = /^[\w-]{22}$/

const hashOf = (code: string): string => createHash('sha256').update(code).digest('base64url')

export interface Invitation extends Omit<InvitationRow, 'codeHash' | 'inviter' | 'invitedBy'> {
  /** Null for tokens made on the server itself. */
  invitedBy: string | null
}

/** The name of whoever invites, for people. */
export const inviterName = ({ inviter, invitedBy }: Pick<InvitationRow, 'inviter' | 'invitedBy'>): string | null => inviter && invitedBy

const view = (row: InvitationRow): Invitation => ({ ...row, invitedBy: inviterName(row) })

/** Who invites. `userId` is null for tokens made on the server itself. */
export interface Inviter {
  userId: string | null
  name: string
}

export interface NewInvitation extends Standing {
  note: string
  expiresInHours: number
}

export const invalidInvitation = 'This invitation is invalid, expired, withdrawn or already used. Ask whoever sent it for a new one'

export type Invitations = ReturnType<typeof createInvitations>

/**
 * Invitations: each lets one more person in, with the role that it gives. They work as long as whoever made them may invite, so that
 * nobody who loses that comes back by one of their own.
 */
export function createInvitations(deps: {
  em: EntityManager
  clock: Clock
  mayInvite: (userId: string) => boolean
  onChanged: () => void
}) {
  const { em, clock, onChanged } = deps
  const isOpen = () => ({ expiresAt: { $gt: clock.now() } })
  const isBacked = ({ inviter }: InvitationRow): boolean => inviter === null || deps.mayInvite(inviter)

  async function find(code: string): Promise<InvitationRow | null> {
    if (!codeForm.test(code)) return null
    const row = await em.fork().findOne(InvitationEntity, { codeHash: hashOf(code), ...isOpen() })
    return row && isBacked(row) ? row : null
  }

  return {
    /** Those that can still be used, newest first. */
    list: async (): Promise<Invitation[]> =>
      (await em.fork().find(InvitationEntity, isOpen(), { orderBy: { createdAt: 'desc' } })).filter(isBacked).map(view),

    /** @throws INVALID_INPUT naming each wrong field, CONFLICT when too many are open */
    async make(input: NewInvitation, inviter: Inviter): Promise<{ invitation: Invitation; code: string }> {
      check(input)
      const now = clock.now()
      const fork = em.fork()
      await fork.nativeDelete(InvitationEntity, { expiresAt: { $lte: now } })
      if ((await fork.count(InvitationEntity, {})) >= mostOpen) {
        throw new AppError('CONFLICT', `${mostOpen} invitations are open. Withdraw one first`)
      }
      const code = randomBytes(16).toString('base64url')
      const { note, role, nodeLimit, expiresInHours } = input
      const expiresAt = new Date(now.getTime() + expiresInHours * hourMs)
      const from = { inviter: inviter.userId, invitedBy: inviter.name, createdAt: now }
      const row = { id: randomUUID(), note: note.trim(), role, nodeLimit, ...from, expiresAt, codeHash: hashOf(code) }
      await fork.insert(InvitationEntity, { ...row })
      onChanged()
      return { invitation: view(row), code }
    },

    /** @throws NOT_FOUND */
    async withdraw(id: string): Promise<Invitation> {
      const fork = em.fork()
      const row = await fork.findOne(InvitationEntity, { id })
      if (!row || (await fork.nativeDelete(InvitationEntity, { id })) === 0) throw notFound('invitation', id)
      onChanged()
      return view(row)
    },

    /** The open invitation with this code, or null. Does not use it up. */
    find,

    /** Consumes the code: only one of two callers gets the invitation. Null if it is wrong, expired or already used. */
    async use(code: string): Promise<InvitationRow | null> {
      const row = await find(code)
      if (!row || (await em.fork().nativeDelete(InvitationEntity, { id: row.id })) === 0) return null
      onChanged()
      return row
    },

    /** For an invitation that was used in vain. */
    async putBack(row: InvitationRow): Promise<void> {
      await em.fork().insert(InvitationEntity, { ...row })
      onChanged()
    },
  }
}

function check({ note, expiresInHours }: NewInvitation): void {
  const problems: FieldError[] = []
  if (note.trim().length > longestNote) problems.push({ field: 'note', message: `must have at most ${longestNote} characters` })
  else if (!isPrintable(note)) problems.push({ field: 'note', message: unprintableWords })
  if (!Number.isInteger(expiresInHours) || expiresInHours < 1 || expiresInHours > longestHours) {
    problems.push({ field: 'expiresInHours', message: `must be a whole number from 1 to ${longestHours}` })
  }
  if (problems.length > 0) throw invalidInput(problems)
}
