import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { isPrintable, unprintableWords } from '../bounds.ts'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, invalidInput, type FieldError } from '../errors.ts'
import { ApiTokenEntity, type ApiTokenRow } from './api-token.entity.ts'
import { createLastUses } from './last-uses.ts'
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

/** Bearer tokens for scripts: `shly_<id>_<secret>`, shown once and stored as a hash. */
export function createApiTokens(deps: { em: EntityManager; clock: Clock; onEnded: (tokenId: string) => void }) {
  const { em, clock } = deps
  const rows = new Map<string, ApiTokenRow>()
  const uses = createLastUses<ApiTokenRow>({
    ...{ em, find: (id) => rows.get(id) },
    write: (transaction, { id, lastUsedAt }) => transaction.nativeUpdate(ApiTokenEntity, { id }, { lastUsedAt }),
  })
  const noHash = hashOf(randomBytes(32).toString('base64url'))

  const isOver = (row: ApiTokenRow): boolean => row.expiresAt <= clock.now()
  const view = ({ id, user: userId, name, scope, createdAt, expiresAt, lastUsedAt }: ApiTokenRow): ApiToken => ({
    ...{ id, userId, name, scope, createdAt, expiresAt, lastUsedAt },
  })

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(ApiTokenEntity, {})) rows.set(row.id, row)
    },

    /** @returns the token, and its text, which is shown only now @throws INVALID_INPUT, CONFLICT */
    async create(owner: TokenOwner, input: TokenInput): Promise<{ token: ApiToken; secret: string }> {
      const { row, secret } = await makeToken(em, owner, input, clock.now())
      rows.set(row.id, row)
      return { token: view(row), secret }
    },

    /** Loads a token that this process does not know yet, such as one made by a command. Call it before `use`. */
    async learn(bearer: string): Promise<void> {
      const id = idOf(bearer)
      if (id === null || rows.has(id)) return
      const row = await em.fork().findOne(ApiTokenEntity, { id })
      if (row) rows.set(id, row)
    },

    /** The token in an Authorization header, or null if it is unknown, revoked or expired. Every case costs the same work. */
    use(bearer: string): ApiToken | null {
      const [, id = '', secret = ''] = bearerForm.exec(bearer) ?? []
      const row = rows.get(id)
      const isSame = sameSecret(row?.secretHash ?? noHash, hashOf(secret))
      if (!row || !isSame || isOver(row)) return null
      row.lastUsedAt = clock.now()
      uses.touched(row.id)
      return view(row)
    },

    /** Null if it is revoked or expired. */
    find(id: string): ApiToken | null {
      const row = rows.get(id)
      return row && !isOver(row) ? view(row) : null
    },

    /** Sorted by name. Includes tokens that commands have made since the start. */
    async listOf(userId: string): Promise<ApiToken[]> {
      const kept = await em.fork().find(ApiTokenEntity, { user: userId })
      for (const row of kept) if (!rows.has(row.id)) rows.set(row.id, row)
      return kept.map((row) => view(rows.get(row.id) ?? row)).sort((a, b) => a.name.localeCompare(b.name, 'en'))
    },

    /** @param userIds users whose tokens the caller can revoke @throws NOT_FOUND if none of them owns this one */
    async revoke(userIds: string[], id: string): Promise<void> {
      const count = await em.fork().nativeDelete(ApiTokenEntity, { id, user: { $in: userIds } })
      if (count === 0) throw new AppError('NOT_FOUND', 'There is no such token')
      rows.delete(id)
      deps.onEnded(id)
    },

    /** The database deletes a user's tokens with the user. This drops them from memory. */
    forgetUser(userId: string): void {
      for (const row of [...rows.values()].filter(({ user }) => user === userId)) {
        rows.delete(row.id)
        deps.onEnded(row.id)
      }
    },

    /** Stores when tokens were last used. */
    flush: (): Promise<void> => uses.flush(),
  }
}

export interface TokenOwner {
  userId: string
  role: Role
}

export interface TokenInput {
  name: string
  scope: Role
  expiresInDays: number
}

/** Also used by the command `token`, which runs in its own process. @throws INVALID_INPUT, CONFLICT */
export async function makeToken(
  em: EntityManager,
  owner: TokenOwner,
  input: TokenInput,
  createdAt: Date,
): Promise<{ row: ApiTokenRow; secret: string }> {
  const name = input.name.trim()
  const { scope, expiresInDays } = input
  const problems = problemsOf(owner, { name, scope, expiresInDays })
  if (problems.length > 0) throw invalidInput(problems)
  const fork = em.fork()
  const own = await fork.find(ApiTokenEntity, { user: owner.userId })
  if (own.some((row) => row.name === name)) {
    throw new AppError('CONFLICT', `name: a token named ${name} already exists`, { fields: [{ field: 'name', message: 'is taken' }] })
  }
  if (own.length >= mostPerUser) throw new AppError('CONFLICT', `There are already ${mostPerUser} tokens. Revoke one you no longer need`)
  const secret = randomBytes(32).toString('base64url')
  const expiresAt = new Date(createdAt.getTime() + expiresInDays * dayMs)
  const row: ApiTokenRow = {
    id: randomUUID(),
    user: owner.userId,
    name,
    scope,
    secretHash: hashOf(secret),
    createdAt,
    expiresAt,
    lastUsedAt: null,
  }
  await fork.insert(ApiTokenEntity, { ...row })
  return { row, secret: `shly_${row.id}_${secret}` }
}

function problemsOf(owner: TokenOwner, { name, scope, expiresInDays: days }: TokenInput): FieldError[] {
  const problems: FieldError[] = []
  if (name.length < 1 || name.length > 100) problems.push({ field: 'name', message: 'must have 1 to 100 characters' })
  else if (!isPrintable(name)) problems.push({ field: 'name', message: unprintableWords })
  if (!Number.isInteger(days) || days < 1 || days > longestDays)
    problems.push({ field: 'expiresInDays', message: `must be 1 to ${longestDays}` })
  if (rank(scope) > rank(owner.role)) problems.push({ field: 'scope', message: `cannot be higher than your own role, ${owner.role}` })
  return problems
}

const bearerForm = /^shly_([0-9a-f-]{36})_([\w-]+)$/

const idOf = (bearer: string): string | null => bearerForm.exec(bearer)?.[1] ?? null

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
