import type { ExecutionContext } from 'ava'
import { PasswordEntity } from '../../api/auth/password.entity.ts'
import { hashPassword } from '../../api/auth/password.ts'
import type { Standing } from '../../api/auth/standing.ts'
import type { KnownUser } from '../../api/auth/users.ts'
import { testDatabase } from './database.ts'
import type { Answer, Call } from './http-caller.ts'
import type { RunningNode } from './running-node.ts'

export const someone = { name: 'alice', password: 'correct horse battery' }

/** Headers of requests that reach this machine's proxy from elsewhere. */
export const elsewhere = { 'x-forwarded-for': '203.0.113.7' }

const administrator: Standing = { role: 'admin', nodeLimit: null }

/** Adds an account with a name and a password, as an administrator unless it says otherwise. */
export async function addPerson({ services }: RunningNode, user = someone, standing = administrator): Promise<KnownUser> {
  const added = await services.access.users.add(user.name, standing)
  await services.access.passwords.set(added.id, user)
  return added
}

/** The same with a hash of a lower cost, for tests with many guesses: checking one takes a few tenths of a second otherwise. */
export async function addCheapPerson(t: ExecutionContext<unknown>, node: RunningNode): Promise<KnownUser> {
  const added = await addPerson(node)
  const { em } = await testDatabase(t, node.databasePath)
  await em.nativeUpdate(
    PasswordEntity,
    { name: someone.name },
    { passwordHash: await hashPassword(someone.password, { ln: 10, r: 8, p: 1 }) },
  )
  await node.services.access.passwords.start()
  return added
}

/** @param call its headers override the defaults one by one */
export const signInByPassword = (node: Pick<RunningNode, 'send'>, user: object = someone, call: Call = {}): Promise<Answer> =>
  node.send('/auth/password', { method: 'POST', json: user, ...call, headers: { ...elsewhere, ...call.headers } })

/** Signs in with a new link. @returns the headers of that session */
export async function signInByLink(node: RunningNode): Promise<Record<string, string>> {
  const answer = await node.send('/auth/link', { method: 'POST', json: { code: await node.link() } })
  return { cookie: cookieOf(answer) }
}

export const setPassword = (node: Pick<RunningNode, 'send'>, headers: Record<string, string>, input: object): Promise<Answer> =>
  node.send('/auth/password', { method: 'PUT', json: input, headers })

/** The cookie that an answer set, in the form a browser sends back. */
export function cookieOf({ headers }: Answer): string {
  const [line = ''] = [headers['set-cookie'] ?? []].flat()
  return line.split(';')[0] ?? ''
}
