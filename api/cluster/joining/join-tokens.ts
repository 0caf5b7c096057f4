import { hash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import { AppError, notFound } from '../../errors.ts'
import { httpUrl } from '../../setting-types.ts'
import { joinCommands, type JoinCommands } from './join-commands.ts'
import { JoinTokenEntity, type JoinTokenRow } from './join-token.entity.ts'
import { isPrintable, unprintableWords } from '../../bounds.ts'
import { labels, parse } from '../members/node-input.ts'
import { patternProblem } from '../members/node-names.ts'

const hourMs = 3600 * 1000
const longestHours = 8760
/** Limits the list. When full, a new token replaces the oldest expired or used-up one. */
const mostTokens = 200

export type JoinTokenState = 'open' | 'used-up' | 'expired'
export type JoinToken = Omit<JoinTokenRow, 'secretHash'>
export type JoinTokens = ReturnType<typeof createJoinTokens>
export type CreateJoinTokenInput = z.input<typeof createInput>

export interface NewJoinToken {
  token: JoinToken
  /** Shown once, never again. */
  secret: string
  commands: JoinCommands
}

const wholeNumber = (most: number, whenUnset: number) => {
  const words = `must be a whole number from 1 to ${most}`
  return z
    .number()
    .refine((value) => Number.isInteger(value) && value >= 1 && value <= most, words)
    .nullish()
    .transform((value) => value ?? whenUnset)
}

const createInput = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'is required. Say what this token is for')
    .max(100, 'must have at most 100 characters')
    .refine(isPrintable, unprintableWords),
  namePattern: z
    .string()
    .trim()
    .max(80, 'must have at most 80 characters')
    .refine((value) => isPrintable(value), unprintableWords)
    .nullish()
    .transform((value) => value || '{hostname}')
    .superRefine((value, context) => {
      const message = patternProblem(value)
      if (message) context.addIssue({ code: 'custom', message })
    }),
  labels: labels.nullish(),
  maxUses: wholeNumber(1000, 1),
  expiresInHours: wholeNumber(longestHours, 24),
  primaryUrl: z
    .string()
    .nullish()
    .transform((value) => value ?? undefined)
    .pipe(httpUrl),
})

/**
 * Join tokens, with which new nodes register themselves: `shlyjoin_<id>_<secret>`, shown once and stored as a hash. A token
 * works `maxUses` times until it expires or is revoked, and never for a node that is already known: `admission.ts`
 * enforces that.
 */
export function createJoinTokens(deps: {
  em: EntityManager
  clock: Clock
  self: { isPrimary: boolean; apiEndpoint: string }
  image?: string | undefined
  /** The URL where nodes reach this primary, if it was ever set. */
  primaryUrl?: () => string | null
  onRevoked: (id: string) => void
}) {
  const { em, clock, self } = deps
  const rows = new Map<string, JoinTokenRow>()
  const hashOfNobody = hashOf(randomBytes(32).toString('base64url'))

  const view = ({ secretHash: _, ...token }: JoinTokenRow): JoinToken => token
  const stateOf = ({ id }: { id: string }): JoinTokenState => {
    const row = rows.get(id)
    if (!row || row.expiresAt <= clock.now()) return 'expired'
    return row.uses >= row.maxUses ? 'used-up' : 'open'
  }

  /** Makes room for one more token. @throws CONFLICT */
  async function makeRoom(): Promise<void> {
    if (rows.size < mostTokens) return
    const over = [...rows.values()].find((row) => stateOf(row) !== 'open')
    if (!over) throw new AppError('CONFLICT', `There are already ${mostTokens} join tokens. Revoke one you no longer need`)
    await remove(over.id)
  }

  async function remove(id: string): Promise<void> {
    await em.fork().nativeDelete(JoinTokenEntity, { id })
    rows.delete(id)
    deps.onRevoked(id)
  }

  async function writeUses(row: JoinTokenRow, change: 1 | -1): Promise<void> {
    row.uses += change
    try {
      await em.fork().nativeUpdate(JoinTokenEntity, { id: row.id }, { uses: row.uses })
    } catch (error) {
      row.uses -= change
      throw error
    }
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(JoinTokenEntity, {}, { orderBy: { createdAt: 'asc' } })) rows.set(row.id, row)
    },

    /** @throws INVALID_INPUT, CONFLICT, or FORBIDDEN on a secondary */
    async create(input: CreateJoinTokenInput, createdBy: string): Promise<NewJoinToken> {
      if (!self.isPrimary) throw new AppError('FORBIDDEN', 'This is a secondary node. Create join tokens on its primary')
      const { expiresInHours, primaryUrl, labels: given, ...asked } = parse(createInput, input)
      await makeRoom()
      if ([...rows.values()].some(({ name }) => name === asked.name)) {
        throw new AppError('CONFLICT', `name: there is already a join token named ${asked.name}`, {
          fields: [{ field: 'name', message: 'is already taken by another join token' }],
        })
      }
      const plain = randomBytes(32).toString('base64url')
      const createdAt = clock.now()
      const row: JoinTokenRow = {
        id: randomUUID(),
        ...asked,
        labels: given ?? {},
        secretHash: hashOf(plain),
        uses: 0,
        createdAt,
        createdBy,
        expiresAt: new Date(createdAt.getTime() + expiresInHours * hourMs),
      }
      // Set before the write, so that a concurrent token with the same name is refused.
      rows.set(row.id, row)
      try {
        await em.fork().insert(JoinTokenEntity, { ...row })
      } catch (error) {
        rows.delete(row.id)
        throw error
      }
      const secret = `shlyjoin_${row.id}_${plain}`
      return {
        token: view(row),
        secret,
        commands: joinCommands({ primaryUrl: primaryUrl ?? deps.primaryUrl?.() ?? self.apiEndpoint, secret, image: deps.image }),
      }
    },

    /** The token a secret belongs to, whatever its state. Null if unknown or revoked. Takes the same time for every secret. */
    find(secret: string): JoinToken | null {
      const [, id = '', plain = ''] = /^shlyjoin_([0-9a-f-]{36})_([\w-]+)$/.exec(secret) ?? []
      const row = rows.get(id)
      const isSame = timingSafeEqual(Buffer.from(row?.secretHash ?? hashOfNobody), Buffer.from(hashOf(plain)))
      return row && isSame ? view(row) : null
    },

    /** Revoked tokens are deleted and count as expired. */
    stateOf,

    /** Spends one use. It is written before the node is admitted, so a crash can lose a use but never add one. @throws UNAUTHENTICATED */
    async take(id: string): Promise<void> {
      const row = rows.get(id)
      if (!row || stateOf(row) !== 'open') throw new AppError('UNAUTHENTICATED', 'The join token was just revoked or used up')
      await writeUses(row, 1)
    },

    /** Returns a use after a join that failed. */
    async giveBack(id: string): Promise<void> {
      const row = rows.get(id)
      if (row) await writeUses(row, -1)
    },

    /** Newest first. */
    list: (): JoinToken[] => [...rows.values()].map(view).reverse(),

    nameOf: (id: string): string | null => rows.get(id)?.name ?? null,

    /** @throws NOT_FOUND */
    async revoke(id: string): Promise<void> {
      if (!rows.has(id)) throw notFound('join token', id)
      await remove(id)
    },
  }
}

const hashOf = (secret: string): string => hash('sha256', secret, 'base64url')
