import { randomUUID } from 'node:crypto'
import { makeToken } from '../../api/auth/api-tokens.ts'
import { machineAccountId } from '../../api/auth/own-accounts.ts'
import { makeSignInCode } from '../../api/auth/sign-in-links.ts'
import type { Environment } from '../../api/config.ts'
import { openDatabase, type EntityManager } from '../../api/db/orm.ts'
import { pino } from 'pino'
import { allEntities } from './database.ts'

/** What every request of a test carries, unless it brings something of its own: see `isCredential`. */
export type Credentials = Record<string, string>

/** Where nobody signs in, and where a test signs people in itself, nothing is sent by itself. */
export const sendsCredentials = (settings: Environment): boolean =>
  settings['NODE_IS_PRIMARY'] === 'false' || settings['AUTH_ENABLED'] === undefined

/** Headers by which a caller says who it is. A test that sends one of them, empty or not, gets none beside it. */
export const isCredential = (header: string): boolean =>
  /^(authorization|cookie|x-node-id|x-node-api-key|cf-access-jwt-assertion)$/i.test(header)

/** Paths that are for nobody in particular, for nodes, or for those who come in. */
export const isOpenPath = (path: string): boolean => /^\/(api\/(internal|join|health)\b|auth\/)/.test(path)

/** What `npm run token` does, for a node that runs or does not. @returns the headers of an administrator's script */
export const tokenBeside = (databasePath: string): Promise<Credentials> =>
  besideNode(databasePath, async (em) => {
    const now = new Date()
    const owner = { userId: await machineAccountId(em, now), role: 'admin' } as const
    const { secret } = await makeToken(em, owner, { name: testTokenName(), scope: 'admin', expiresInDays: 366 }, now)
    return { authorization: `Bearer ${secret}` }
  })

/** Of the token that tests come with: another one for each start, because a database may be started with again. */
export const testTokenName = (): string => `of the tests ${randomUUID()}`

/** What `npm run link` does. @returns the code of the link */
export const linkBeside = (databasePath: string): Promise<string> => besideNode(databasePath, (em) => makeSignInCode(em, new Date()))

async function besideNode<T>(path: string, use: (em: EntityManager) => Promise<T>): Promise<T> {
  const database = await openDatabase({ path, entities: allEntities, log: pino({ level: 'silent' }) })
  try {
    return await use(database.em)
  } finally {
    await database.close(true)
  }
}
