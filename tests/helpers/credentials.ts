import { randomUUID } from 'node:crypto'
import { makeToken } from '../../api/auth/api-tokens.ts'
import { machineAccountId } from '../../api/auth/own-accounts.ts'
import { makeSignInCode } from '../../api/auth/sign-in-links.ts'
import type { Environment } from '../../api/config.ts'
import { openDatabase, type EntityManager } from '../../api/db/orm.ts'
import { pino } from 'pino'
import { allEntities } from './database.ts'

/** Credentials added to every request of a test that has none of its own. See `isCredential`. */
export type Credentials = Record<string, string>

/** False where nobody signs in, and where a test signs people in itself: nothing is added there. */
export const sendsCredentials = (settings: Environment): boolean =>
  settings['NODE_IS_PRIMARY'] === 'false' || settings['AUTH_ENABLED'] === undefined

/** Headers that identify a caller. If a test sends one, even empty, none is added. */
export const isCredential = (header: string): boolean =>
  /^(authorization|cookie|x-node-id|x-node-api-key|cf-access-jwt-assertion)$/i.test(header)

/** Paths that are public, for nodes, or for signing in. */
export const isOpenPath = (path: string): boolean => /^\/(api\/(internal|join|health)\b|auth\/)/.test(path)

/** Does what `npm run token` does, whether or not the node runs. @returns an administrator's headers */
export const tokenBeside = (databasePath: string): Promise<Credentials> =>
  besideNode(databasePath, async (em) => {
    const now = new Date()
    const owner = { userId: await machineAccountId(em, now), role: 'admin' } as const
    const { secret } = await makeToken(em, owner, { name: testTokenName(), scope: 'admin', expiresInDays: 366 }, now)
    return { authorization: `Bearer ${secret}` }
  })

/** A new token name for each start, because a test can start again with the same database. */
export const testTokenName = (): string => `of the tests ${randomUUID()}`

/** Does what `npm run link` does. @returns the link's code */
export const linkBeside = (databasePath: string): Promise<string> => besideNode(databasePath, (em) => makeSignInCode(em, new Date()))

async function besideNode<T>(path: string, use: (em: EntityManager) => Promise<T>): Promise<T> {
  const database = await openDatabase({ path, entities: allEntities, log: pino({ level: 'silent' }) })
  try {
    return await use(database.em)
  } finally {
    await database.close(true)
  }
}
