import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'

/**
 * One guess costs 64 MiB and a few tenths of a second: a lot for someone with a stolen database, little for someone signing in.
 * Source: OWASP Password Storage Cheat Sheet, scrypt with N=2^16, r=8, p=2
 */
const cost = { ln: 16, r: 8, p: 2 }
const hashBytes = 32
/** The most memory that a stored hash can ask for. We wrote it, but a damaged one must not use up all memory. */
const mostMemory = 512 * 1024 * 1024

export const shortestPassword = 12
/** Nobody types more, and each character takes time to hash. */
export const longestPassword = 1000

/** What is wrong with a new password, as a message. Null if it is good. */
export function passwordProblem(password: string): string | null {
  const { length } = [...password]
  if (length < shortestPassword) return `must have at least ${shortestPassword} characters, but has ${length}`
  if (length > longestPassword) return `must have at most ${longestPassword} characters`
  return new Set(password).size < 5 ? 'must have at least 5 different characters' : null
}

/** The hash with its salt and cost, so that a later version can raise the cost: `$scrypt$ln=16,r=8,p=2$salt$hash`. */
export async function hashPassword(password: string, { ln, r, p } = cost): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, { ln, r, p })
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

/** Also false if the stored text is not a valid hash. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const parts = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]+)\$([\w-]+)$/.exec(stored)
  if (!parts) return false
  const [, ln, r, p, salt = '', hash = ''] = parts
  const expected = Buffer.from(hash, 'base64url')
  const paid = { ln: Number(ln), r: Number(r), p: Number(p) }
  if (expected.length !== hashBytes || memoryOf(paid) > mostMemory) return false
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64url'), paid), expected)
}

const memoryOf = ({ ln, r, p }: typeof cost): number => 128 * r * (2 ** ln + p + 2)

/** Normalized, so that the same characters from another keyboard give the same password. Source: NIST SP 800-63B, 5.1.1.2 */
function derive(password: string, salt: Buffer, { ln, r, p }: typeof cost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: memoryOf({ ln, r, p }) }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, hashBytes, options, (error, hash) => (error ? reject(error) : resolve(hash)))
  })
}
