import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { ask, follow } from './graphql.ts'
import type { Place } from './network.ts'
import { nodeProcess, type NodeProcess, type Settings } from './node-process.ts'
import type { Seen } from './seen.ts'
import type { TestContext } from './test-context.ts'

export interface SeenAttempt {
  at: string
  address: string
  hostname: string | null
  tokenName: string | null
  ok: boolean
  nodeId: string | null
  hop: string | null
  message: string
}

export interface SeenJoinToken {
  id: string
  name: string
  namePattern: string
  labels: { key: string; value: string }[]
  maxUses: number
  uses: number
  state: string
  createdBy: string
  lastAttempt: SeenAttempt | null
}

const attemptFields = 'at address hostname tokenName ok nodeId hop message'
const tokenFields = `id name namePattern labels { key value } maxUses uses state createdBy lastAttempt { ${attemptFields} }`

export interface MadeToken {
  token: SeenJoinToken
  secret: string
  commands: { docker: string; systemd: string; npm: string }
}

/** Creates a join token as an administrator. @throws GraphqlFailure */
export async function makeToken(primary: { url: string }, input: Record<string, unknown> = {}): Promise<MadeToken> {
  const mutation = `mutation ($input: CreateJoinTokenInput!) {
    createJoinToken(input: $input) { token { ${tokenFields} } secret commands { docker systemd npm } }
  }`
  const { createJoinToken } = await ask<{ createJoinToken: MadeToken }>(primary, mutation, { input: { name: 'lab', ...input } })
  return createJoinToken
}

export async function tokensOf(primary: { url: string }): Promise<SeenJoinToken[]> {
  return (await ask<{ joinTokens: SeenJoinToken[] }>(primary, `{ joinTokens { ${tokenFields} } }`)).joinTokens
}

export async function attemptsOf(primary: { url: string }): Promise<SeenAttempt[]> {
  return (await ask<{ joinAttempts: SeenAttempt[] }>(primary, `{ joinAttempts { ${attemptFields} } }`)).joinAttempts
}

export const followAttempts = (t: ExecutionContext<unknown>, primary: { url: string }): Seen<SeenAttempt> =>
  follow<SeenAttempt>(t, primary, `subscription { joinAttempted { ${attemptFields} } }`)

/** A node with only its primary's URL and a token, as started by the dashboard's commands. Not started yet. */
export const newcomer = (
  t: TestContext,
  primaryUrl: string,
  secret: string,
  name: string,
  settings: Settings = {},
  place?: Place,
): Promise<NodeProcess> => {
  const own = { NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: primaryUrl, JOIN_TOKEN: secret, NODE_NAME: name }
  return nodeProcess(t, (url) => Promise.resolve({ ...own, NODE_API_ENDPOINT: url, ...settings }), place)
}

/** The variables set by the npm command, as read by a shell. */
export async function settingsOf(line: string): Promise<Settings> {
  const { stdout } = await promisify(execFile)('sh', ['-c', line.replace(/ npm start$/, ' env')], { env: { PATH: process.env['PATH'] } })
  const all = stdout.trim().split('\n')
  const settings = all.map((each) => each.split(/=(.*)/s, 2)).filter(([name = '']) => name !== '_' && name !== 'PWD' && name !== 'PATH')
  return Object.fromEntries(settings) as Settings
}
