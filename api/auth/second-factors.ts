import { createHash, randomBytes } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, invalidInput } from '../errors.ts'
import type { SecretBox } from './secret-box.ts'
import type { SealedColumn } from './secret-key-rotation.ts'
import { SecondFactorEntity, type SecondFactorRow } from './second-factor.entity.ts'

const issuer = 'Selfhostly'
/** What every authenticator app can do. Source: RFC 6238 */
const kind = { algorithm: 'SHA1', digits: 6, period: 30 } as const
/** Clocks of phones and servers differ by a few seconds. */
const driftSteps = 1
const recoveryCodes = 10

const context = (userId: string): string => `second factor:${userId}`
const plain = (code: string): string => code.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
const hashOf = (code: string): string => createHash('sha256').update(plain(code)).digest('base64url')

/** 80 random bits in groups that people can type. */
const makeRecoveryCode = (): string => randomBytes(10).toString('hex').match(/.{5}/g)?.join('-') ?? ''

/** For a change of the secret key. */
export const secondFactorSecrets: SealedColumn = {
  rows: async (em) => (await em.find(SecondFactorEntity, {})).map(({ user: id, secret: sealed }) => ({ id, sealed })),
  contextOf: context,
  write: (em, user, secret) => em.nativeUpdate(SecondFactorEntity, { user }, { secret }),
}

export type SecondFactors = ReturnType<typeof createSecondFactors>

/** Authenticator apps (TOTP), asked for after a right password, with recovery codes for a lost phone. */
export function createSecondFactors(deps: { em: EntityManager; clock: Clock; box: SecretBox; onChanged: () => void }) {
  const { em, clock, box, onChanged } = deps
  const rows = new Map<string, SecondFactorRow>()

  async function store(row: SecondFactorRow): Promise<void> {
    await em.fork().upsert(SecondFactorEntity, { ...row })
    rows.set(row.user, row)
    onChanged()
  }

  /** Loaded when someone first needs it. */
  async function totpOf(secret: string, label: string) {
    const { Secret, TOTP } = await import('otpauth')
    return new TOTP({ ...kind, issuer, label, secret: Secret.fromBase32(secret) })
  }

  /** The row with the code used up, or null for a wrong code. */
  async function take(row: SecondFactorRow, code: string): Promise<SecondFactorRow | null> {
    const left = row.recoveryHashes.filter((hash) => hash !== hashOf(code))
    if (row.confirmedAt && left.length < row.recoveryHashes.length) return { ...row, recoveryHashes: left }
    const now = clock.now().getTime()
    const totp = await totpOf(box.open(row.secret, context(row.user)), '')
    const delta = totp.validate({ token: code.replaceAll(/\s/g, ''), timestamp: now, window: driftSteps })
    const step = delta === null ? -1 : totp.counter({ timestamp: now }) + delta
    return step > row.lastStep ? { ...row, lastStep: step } : null
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(SecondFactorEntity, {})) rows.set(row.user, row)
    },

    /** Whether someone is asked for a code. */
    isOn: (userId: string): boolean => Boolean(rows.get(userId)?.confirmedAt),
    recoveryCodesLeft: (userId: string): number => (rows.get(userId)?.confirmedAt ? (rows.get(userId)?.recoveryHashes.length ?? 0) : 0),

    /** Makes the secret for an app. Nothing is asked for until `confirm`. @throws CONFLICT */
    async begin(userId: string, label: string): Promise<{ secret: string; uri: string }> {
      if (rows.get(userId)?.confirmedAt) throw new AppError('CONFLICT', 'An authenticator app is set up already. Remove it first')
      const { Secret } = await import('otpauth')
      const secret = new Secret({ size: 20 }).base32
      await store({ user: userId, secret: box.seal(secret, context(userId)), confirmedAt: null, lastStep: 0, recoveryHashes: [] })
      return { secret, uri: (await totpOf(secret, label)).toString() }
    },

    /** @returns the recovery codes, shown only now @throws INVALID_INPUT for a wrong code, CONFLICT before `begin` */
    async confirm(userId: string, code: string): Promise<string[]> {
      const row = rows.get(userId)
      if (!row || row.confirmedAt) throw new AppError('CONFLICT', 'Begin with a new secret for your authenticator app')
      const taken = await take(row, code)
      if (!taken) throw invalidInput([{ field: 'code', message: 'is wrong. Enter the one that your app shows now' }])
      const codes = Array.from({ length: recoveryCodes }, makeRecoveryCode)
      await store({ ...taken, confirmedAt: clock.now(), recoveryHashes: codes.map(hashOf) })
      return codes
    },

    /** Whether this is a code of the app or a recovery code that was not used before. Uses it up. */
    async use(userId: string, code: string): Promise<boolean> {
      const row = rows.get(userId)
      const taken = row?.confirmedAt ? await take(row, code) : null
      if (!taken || rows.get(userId) !== row) return false
      rows.set(userId, taken)
      await store(taken)
      return true
    },

    async remove(userId: string): Promise<void> {
      await em.fork().nativeDelete(SecondFactorEntity, { user: userId })
      rows.delete(userId)
      onChanged()
    },

    /** The database deletes it with the account. This drops it from memory. */
    forgetUser: (userId: string): void => void rows.delete(userId),
  }
}
