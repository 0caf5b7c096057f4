import type { ExecutionContext } from 'ava'
import { listLocalUsers, removeLocalUser, setLocalUser } from '../../api/auth/local-users.ts'
import type { Answer, Call } from './http-caller.ts'
import type { RunningNode } from './running-node.ts'
import { LocalUserEntity } from '../../api/auth/local-user.entity.ts'
import { hashPassword } from '../../api/auth/password.ts'
import { testDatabase } from './database.ts'

export const localUser = { name: 'alice', password: 'correct horse battery' }

/** Headers of requests that reach this machine's proxy from elsewhere. */
export const elsewhere = { 'x-forwarded-for': '203.0.113.7' }

/** A node's database as the `local-user` command sees it: opened separately, without the node's memory. */
export async function besideNode(t: ExecutionContext<unknown>, node: RunningNode) {
  const { em } = await testDatabase(t, node.databasePath)
  return {
    set: (user = localUser) => setLocalUser(em, { ...user, now: new Date() }),
    remove: (name = localUser.name) => removeLocalUser(em, name),
    list: () => listLocalUsers(em),
  }
}

/** Creates a local user and makes the node load it. */
export async function addLocalUser(t: ExecutionContext<unknown>, node: RunningNode) {
  const beside = await besideNode(t, node)
  await beside.set()
  await node.services.access.refreshLocalUsers()
  return beside
}

/** The same with a hash of a lower cost, for tests with many guesses: checking one takes a few tenths of a second otherwise. */
export async function addCheapLocalUser(t: ExecutionContext<unknown>, node: RunningNode): Promise<void> {
  const { em } = await testDatabase(t, node.databasePath)
  await setLocalUser(em, { ...localUser, now: new Date() })
  const passwordHash = await hashPassword(localUser.password, { ln: 10, r: 8, p: 1 })
  await em.nativeUpdate(LocalUserEntity, { name: localUser.name }, { passwordHash })
  await node.services.access.refreshLocalUsers()
}

/** @param call its headers override the defaults one by one */
export const signInLocally = (node: Pick<RunningNode, 'send'>, user: object = localUser, call: Call = {}): Promise<Answer> =>
  node.send('/auth/local', { method: 'POST', json: user, ...call, headers: { ...elsewhere, ...call.headers } })

/** The cookie that an answer set, in the form a browser sends back. */
export function cookieOf({ headers }: Answer): string {
  const [line = ''] = [headers['set-cookie'] ?? []].flat()
  return line.split(';')[0] ?? ''
}
