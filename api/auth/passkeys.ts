import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { z } from 'zod'
import type { EntityManager } from '../db/orm.ts'
import { isPrintable, unprintableWords } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import { AppError, invalidInput, notFound } from '../errors.ts'
import { PasskeyEntity, type PasskeyRow } from './passkey.entity.ts'
import { passkeySite, type PasskeySite } from './passkey-site.ts'
import type { SecretBox } from './secret-box.ts'

/** Long enough to find a security key. */
const challengeMs = 5 * 60 * 1000
/** More devices than anyone has. */
const mostPerUser = 20
const longestName = 60
const context = 'passkey challenge'

const challengeShape = z.object({ challenge: z.string(), userId: z.string().nullable(), endsAt: z.number() })

export type Passkey = Pick<PasskeyRow, 'id' | 'name' | 'createdAt' | 'lastUsedAt'>

/** What a browser needs to use a passkey. It sends `state` back with its answer. */
export interface PasskeyChallenge {
  options: object
  /** The challenge, sealed, so that strangers fill no memory by asking for some. */
  state: string
}

export type Passkeys = ReturnType<typeof createPasskeys>

/** Passkeys (WebAuthn), with which people sign in without a name. */
export function createPasskeys(deps: { em: EntityManager; clock: Clock; box: SecretBox; baseUrl: string; onChanged: () => void }) {
  const { em, clock, box, baseUrl, onChanged } = deps
  const rows = new Map<string, PasskeyRow>()
  /** Challenges that were answered, with their end, so that none works twice. */
  const answered = new Map<string, number>()
  /** Loaded when someone first uses a passkey. */
  const webauthn = () => import('@simplewebauthn/server')
  const ownRows = (userId: string): PasskeyRow[] => [...rows.values()].filter(({ user }) => user === userId)

  /** @throws CONFLICT with the reason why there are no passkeys here */
  function site(): PasskeySite {
    const found = passkeySite(baseUrl)
    if ('problem' in found) throw new AppError('CONFLICT', found.problem)
    return found
  }

  const sealed = (challenge: string, userId: string | null): string =>
    box.seal(JSON.stringify({ challenge, userId, endsAt: clock.now().getTime() + challengeMs }), context)

  /** The challenge of an answer, which works once. @throws INVALID_INPUT */
  function takeChallenge(state: string, userId: string | null): string {
    const now = clock.now().getTime()
    for (const [old, endsAt] of answered) if (endsAt <= now) answered.delete(old)
    const opened = openChallenge(box, state)
    if (!opened || opened.endsAt <= now || opened.userId !== userId || answered.has(opened.challenge)) {
      throw invalidInput([{ field: 'state', message: 'has expired or was already used. Start again' }])
    }
    answered.set(opened.challenge, opened.endsAt)
    return opened.challenge
  }

  function own(userId: string, id: string): PasskeyRow {
    const row = rows.get(id)
    if (row?.user !== userId) throw notFound('passkey', id)
    return row
  }

  async function store(row: PasskeyRow): Promise<void> {
    await em.fork().upsert(PasskeyEntity, { ...row })
    rows.set(row.id, row)
    onChanged()
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(PasskeyEntity, {})) rows.set(row.id, row)
    },

    isAny: (): boolean => rows.size > 0,
    /** Where passkeys work, and why not if they do not. */
    place: (): PasskeySite | { problem: string } => passkeySite(baseUrl),
    listOf: (userId: string): Passkey[] => ownRows(userId).sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()),

    /** @throws CONFLICT */
    async begin(userId: string, name: string): Promise<PasskeyChallenge> {
      const { id: rpID } = site()
      if (ownRows(userId).length >= mostPerUser) throw new AppError('CONFLICT', `You have ${mostPerUser} passkeys. Remove one first`)
      const options = await (
        await webauthn()
      ).generateRegistrationOptions({
        ...{ rpName: 'Selfhostly', rpID, userName: name, userID: new TextEncoder().encode(userId), attestationType: 'none' },
        excludeCredentials: ownRows(userId).map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      })
      return { options, state: sealed(options.challenge, userId) }
    },

    /** @throws INVALID_INPUT, CONFLICT */
    async add(userId: string, { name, state, response }: { name: string; state: string; response: string }): Promise<Passkey> {
      checkName(name)
      const { id: expectedRPID, origin: expectedOrigin } = site()
      const expectedChallenge = takeChallenge(state, userId)
      const { verifyRegistrationResponse } = await webauthn()
      const verified = await verifyRegistrationResponse({
        ...{ response: answerOf(response) as RegistrationResponseJSON, expectedChallenge, expectedOrigin, expectedRPID },
      }).catch(refused)
      const { verified: isRight, registrationInfo } = verified
      if (!isRight || rows.has(registrationInfo.credential.id)) throw wrongAnswer('is not accepted')
      const { id, publicKey, counter, transports = [] } = registrationInfo.credential
      const key = Buffer.from(publicKey).toString('base64url')
      const row = { id, user: userId, name: name.trim(), publicKey: key, counter, transports, createdAt: clock.now(), lastUsedAt: null }
      await store(row)
      return row
    },

    /** @throws NOT_FOUND, INVALID_INPUT */
    async rename(userId: string, id: string, name: string): Promise<Passkey> {
      const row = { ...own(userId, id), name: name.trim() }
      checkName(name)
      await store(row)
      return row
    },

    /** @throws NOT_FOUND */
    async remove(userId: string, id: string): Promise<void> {
      own(userId, id)
      await em.fork().nativeDelete(PasskeyEntity, { id })
      rows.delete(id)
      onChanged()
    },

    /** For the sign-in page: no name is needed, the device knows whose passkey it has. @throws CONFLICT */
    async beginSignIn(): Promise<PasskeyChallenge> {
      const { id: rpID } = site()
      const options = await (await webauthn()).generateAuthenticationOptions({ rpID, userVerification: 'required' })
      return { options, state: sealed(options.challenge, null) }
    },

    /** The account whose passkey answered, or null. @throws INVALID_INPUT for a challenge that has expired */
    async signIn({ state, response }: { state: string; response: unknown }): Promise<string | null> {
      const { id: expectedRPID, origin: expectedOrigin } = site()
      const answer = response as AuthenticationResponseJSON
      const row = rows.get(answer.id)
      // Before the challenge counts as answered, so that strangers fill no memory with those either.
      if (!row) return null
      const expectedChallenge = takeChallenge(state, null)
      const { verifyAuthenticationResponse } = await webauthn()
      const credential = { id: row.id, publicKey: Uint8Array.from(Buffer.from(row.publicKey, 'base64url')), counter: row.counter }
      const outcome = await verifyAuthenticationResponse({
        ...{ response: answer, expectedChallenge, expectedOrigin, expectedRPID, credential, requireUserVerification: true },
      }).catch(() => null)
      if (!outcome?.verified) return null
      await store({ ...row, counter: outcome.authenticationInfo.newCounter, lastUsedAt: clock.now() })
      return row.user
    },

    /** The database deletes passkeys with their account. This drops them from memory. */
    forgetUser(userId: string): void {
      for (const { id } of ownRows(userId)) rows.delete(id)
    },
  }
}

const wrongAnswer = (words: string): AppError => invalidInput([{ field: 'response', message: words }])

const refused = (error: unknown): never => {
  throw wrongAnswer(`is not accepted: ${error instanceof Error ? error.message : String(error)}`)
}

function checkName(name: string): void {
  const problem =
    name.trim() === ''
      ? 'is required'
      : name.trim().length > longestName
        ? `must have at most ${longestName} characters`
        : isPrintable(name)
          ? null
          : unprintableWords
  if (problem) throw invalidInput([{ field: 'name', message: problem }])
}

function answerOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrongAnswer('must be JSON, as the browser gave it')
  }
}

function openChallenge(box: SecretBox, state: string): z.output<typeof challengeShape> | null {
  try {
    return challengeShape.parse(JSON.parse(box.open(state, context)))
  } catch {
    return null
  }
}
