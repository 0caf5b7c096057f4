import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, invalidInput, type FieldError } from '../errors.ts'
import { ApiTokenEntity, type ApiTokenRow } from './api-token.entity.ts'
import { sameSecret } from './node-credentials.ts'
import { rank, type Role } from './permissions.ts'

const dayMs = 24 * 3600 * 1000
const longestDays = 366
const mostPerUser = 50

export interface ApiToken {
  id: string
  userId: string | null
  name: string
  scope: Role
  createdAt: Date
  expiresAt: Date
  lastUsedAt: Date | null
}

export type ApiTokens = ReturnType<typeof createApiTokens>

/** Bearer tokens for scripts: `shly_<id>_<secret>`, shown once, kept as a hash. */
export function createApiTokens(deps: { em: EntityManager; clock: Clock; onEnded: (tokenId: string) => void }) {
  const { em, clock } = deps
  const rows = new Map<string, ApiTokenRow>()
  const touched = new Set<string>()
  const noHash = hashOf(randomBytes(32).toString('base64url'))

  const isOver = (row: ApiTokenRow): boolean => row.expiresAt <= clock.now()
  const view = ({ id, user: userId, name, scope, createdAt, expiresAt, lastUsedAt }: ApiTokenRow): ApiToken => ({
    ...{ id, userId, name, scope, createdAt, expiresAt, lastUsedAt },
  })

  function check(owner: { role: Role }, name: string, scope: Role, days: number): FieldError[] {
    const problems: FieldError[] = []
    if (name.length < 1 || name.length > 100) problems.push({ field: 'name', message: 'must have 1 to 100 characters' })
    if (!Number.isInteger(days) || days < 1 || days > longestDays)
      problems.push({ field: 'expiresInDays', message: `must be 1 to ${longestDays}` })
    if (rank(scope) > rank(owner.role)) problems.push({ field: 'scope', message: `must be no more than your own role, ${owner.role}` })
    return problems
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(ApiTokenEntity, {})) rows.set(row.id, row)
    },

    /** @returns the token itself, which is shown now and never again @throws INVALID_INPUT, CONFLICT */
    async create(owner: { userId: string | null; role: Role }, input: { name: string; scope: Role; expiresInDays: number }) {
      const name = input.name.trim()
      const problems = check(owner, name, input.scope, input.expiresInDays)
      if (problems.length > 0) throw invalidInput(problems)
      const own = [...rows.values()].filter((row) => row.user === owner.userId)
      if (own.some((row) => row.name === name)) {
        throw new AppError('CONFLICT', `name: you have a token named ${name} already`, { fields: [{ field: 'name', message: 'is taken' }] })
      }
      if (own.length >= mostPerUser)
        throw new AppError('CONFLICT', `You have ${mostPerUser} tokens. Revoke one that is not needed any more`)
      const secret = randomBytes(32).toString('base64url')
      const createdAt = clock.now()
      const row: ApiTokenRow = {
        id: randomUUID(),
        user: owner.userId,
        name,
        scope: input.scope,
        secretHash: hashOf(secret),
        createdAt,
        expiresAt: new Date(createdAt.getTime() + input.expiresInDays * dayMs),
        lastUsedAt: null,
      }
      await em.fork().insert(ApiTokenEntity, { ...row })
      rows.set(row.id, row)
      return { token: view(row), secret: `shly_${row.id}_${secret}` }
    },

    /** The token of an Authorization header's value; null when it is unknown, revoked or over. The work is the same for each. */
    use(bearer: string): ApiToken | null {
      const [, id = '', secret = ''] = /^shly_([0-9a-f-]{36})_([\w-]+)$/.exec(bearer) ?? []
      const row = rows.get(id)
      const isSame = sameSecret(row?.secretHash ?? noHash, hashOf(secret))
      if (!row || !isSame || isOver(row)) return null
      row.lastUsedAt = clock.now()
      touched.add(row.id)
      return view(row)
    },

    /** Null for one that is revoked or over. */
    find(id: string): ApiToken | null {
      const row = rows.get(id)
      return row && !isOver(row) ? view(row) : null
    },

    listOf: (userId: string | null): ApiToken[] =>
      [...rows.values()]
        .filter((row) => row.user === userId)
        .map(view)
        .sort((a, b) => a.name.localeCompare(b.name, 'en')),

    /** @throws NOT_FOUND when it is not one of this user's */
    async revoke(userId: string | null, id: string): Promise<void> {
      const row = rows.get(id)
      if (row?.user !== userId) throw new AppError('NOT_FOUND', 'There is no such token')
      await em.fork().nativeDelete(ApiTokenEntity, { id })
      rows.delete(id)
      deps.onEnded(id)
    },

    /** The user's tokens went with the user. */
    forgetUser(userId: string): void {
      for (const row of [...rows.values()].filter(({ user }) => user === userId)) {
        rows.delete(row.id)
        deps.onEnded(row.id)
      }
    },

    /** Writes when tokens were last used. */
    async flush(): Promise<void> {
      const ids = [...touched]
      touched.clear()
      const used = ids.flatMap((id) => rows.get(id) ?? [])
      if (used.length === 0) return
      await em
        .fork()
        .transactional(async (transaction) => {
          for (const { id, lastUsedAt } of used) await transaction.nativeUpdate(ApiTokenEntity, { id }, { lastUsedAt })
        })
        .catch((error: unknown) => {
          for (const id of ids) touched.add(id)
          throw error
        })
    },
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
