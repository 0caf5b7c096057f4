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

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(ApiTokenEntity, {})) rows.set(row.id, row)
    },

    /** @returns the token itself, which is shown now and never again @throws INVALID_INPUT, CONFLICT */
    async create(owner: TokenOwner, input: TokenInput): Promise<{ token: ApiToken; secret: string }> {
      const { row, secret } = await makeToken(em, owner, input, clock.now())
      rows.set(row.id, row)
      return { token: view(row), secret }
    },

    /** Reads a token that this process does not know: a command may have made it. To be called before `use`. */
    async learn(bearer: string): Promise<void> {
      const id = idOf(bearer)
      if (id === null || rows.has(id)) return
      const row = await em.fork().findOne(ApiTokenEntity, { id })
      if (row) rows.set(id, row)
    },

    /** The token of an Authorization header's value; null when it is unknown, revoked or over. The work is the same for each. */
    use(bearer: string): ApiToken | null {
      const [, id = '', secret = ''] = bearerForm.exec(bearer) ?? []
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

    /** By name; with those that a command has made meanwhile. */
    async listOf(userId: string): Promise<ApiToken[]> {
      const kept = await em.fork().find(ApiTokenEntity, { user: userId })
      for (const row of kept) if (!rows.has(row.id)) rows.set(row.id, row)
      return kept.map((row) => view(rows.get(row.id) ?? row)).sort((a, b) => a.name.localeCompare(b.name, 'en'))
    },

    /** @param userIds whose tokens the caller may revoke @throws NOT_FOUND when it is none of theirs */
    async revoke(userIds: string[], id: string): Promise<void> {
      const count = await em.fork().nativeDelete(ApiTokenEntity, { id, user: { $in: userIds } })
      if (count === 0) throw new AppError('NOT_FOUND', 'There is no such token')
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

export interface TokenOwner {
  userId: string
  role: Role
}

export interface TokenInput {
  name: string
  scope: Role
  expiresInDays: number
}

/** Also for the command `token`, which runs beside the server. @throws INVALID_INPUT, CONFLICT */
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
    throw new AppError('CONFLICT', `name: there is a token named ${name} already`, { fields: [{ field: 'name', message: 'is taken' }] })
  }
  if (own.length >= mostPerUser)
    throw new AppError('CONFLICT', `There are ${mostPerUser} tokens already. Revoke one that is not needed any more`)
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
  if (!Number.isInteger(days) || days < 1 || days > longestDays)
    problems.push({ field: 'expiresInDays', message: `must be 1 to ${longestDays}` })
  if (rank(scope) > rank(owner.role)) problems.push({ field: 'scope', message: `must be no more than your own role, ${owner.role}` })
  return problems
}

const bearerForm = /^shly_([0-9a-f-]{36})_([\w-]+)$/

const idOf = (bearer: string): string | null => bearerForm.exec(bearer)?.[1] ?? null

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
