import { AppError, errorMessage } from '../../errors.ts'

/** What Cloudflare refused, by HTTP status, with its words. Null for anything else, such as no answer or a failure of Cloudflare's own. */
export interface CloudflareRefusal {
  status: number
  /** Cloudflare's own, such as 10000. 0 if it gave none. */
  code: number
  words: string
}

/** Wait and try again, Cloudflare says. */
const tooMany = 429

interface SdkError {
  status?: unknown
  errors?: { code?: number; message?: string }[]
}

/** Reads an error of the SDK. */
export function refusalOf(error: unknown): CloudflareRefusal | null {
  const { status, errors } = (error ?? {}) as SdkError
  if (typeof status !== 'number' || status < 400 || status >= 500 || status === tooMany) return null
  const [first] = errors ?? []
  return { status, code: first?.code ?? 0, words: first?.message || `HTTP ${status}` }
}

/** That Cloudflare could not be asked, and why. */
export function cloudflareAway(error: unknown): AppError {
  const { status } = (error ?? {}) as SdkError
  const why = typeof status === 'number' ? `it answers with HTTP ${status}` : innermost(error)
  return new AppError('CONFLICT', `Cloudflare cannot be asked now: ${why}. Nothing was changed. Try again later`, { cause: error })
}

/** The SDK and fetch both wrap what happened. */
const innermost = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? innermost(error.cause) : errorMessage(error)
