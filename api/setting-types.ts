import { z } from 'zod'
import { bounds } from './bounds.ts'

/** Types of settings, each with a message that names valid values. An empty value counts as unset. */

export const optional = z
  .string()
  .trim()
  .transform((value) => value || undefined)
  .optional()

export const flag = (whenUnset: boolean | undefined) =>
  optional.transform((value, context): boolean | undefined => {
    if (value === undefined) return whenUnset
    if (/^(true|1)$/i.test(value)) return true
    if (/^(false|0)$/i.test(value)) return false
    context.addIssue({ code: 'custom', message: `must be true or false, not "${value}"` })
    return z.NEVER
  })

export const shorterThan = (most: number) =>
  optional.refine((value) => (value ?? '').length <= most, `must have at most ${most} characters`)

export const httpUrl = shorterThan(bounds.url).transform((value, context): string | undefined => {
  if (value === undefined) return undefined
  const url = URL.parse(value)
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && !url.username && !url.password && !url.search && !url.hash)
    return value.replace(/\/+$/, '')
  context.addIssue({ code: 'custom', message: `must be an http:// or https:// URL such as https://node.example.com:8080, not "${value}"` })
  return z.NEVER
})

export const address = optional.transform((value, context): { host: string | undefined; port: number } => {
  const parts = /^(\[[0-9a-fA-F:]+\]|[^:[\]]*):(\d{1,5})$/.exec(value ?? ':8080')
  const port = Number(parts?.[2])
  if (parts && port <= 65535) return { host: parts[1]?.replace(/^\[|\]$/g, '') || undefined, port }
  context.addIssue({ code: 'custom', message: `must be [host]:port such as :8080 or 127.0.0.1:8080, not "${value}"` })
  return z.NEVER
})

/** Comma-separated absolute paths. */
export const absolutePaths = optional.transform((value, context): string[] => {
  const paths = (value ?? '').split(',').flatMap((path) => path.trim() || [])
  const wrong = paths.find((path) => !path.startsWith('/'))
  if (wrong === undefined) return paths
  context.addIssue({
    code: 'custom',
    message: `must be absolute paths separated by commas, such as /srv/media,/mnt/photos, but has "${wrong}"`,
  })
  return z.NEVER
})

export const seconds = (whenUnset: number, { min, max }: { min: number; max: number }) =>
  optional.transform((value, context): number => {
    const parsed = value === undefined ? whenUnset : Number(value)
    if (Number.isFinite(parsed) && parsed >= min && parsed <= max) return parsed * 1000
    context.addIssue({ code: 'custom', message: `must be a number of seconds from ${min} to ${max}, not "${value}"` })
    return z.NEVER
  })

export const count = (whenUnset: number, { min, max }: { min: number; max: number }) =>
  optional.transform((value, context): number => {
    const parsed = value === undefined ? whenUnset : Number(value)
    if (Number.isInteger(parsed) && parsed >= min && parsed <= max) return parsed
    context.addIssue({ code: 'custom', message: `must be a whole number from ${min} to ${max}, not "${value}"` })
    return z.NEVER
  })

export const atLeast = (length: number, how: string) =>
  optional.refine((value) => value === undefined || value.length >= length, `must have at least ${length} characters; ${how}`)

/** Comma-separated; empty entries are dropped. */
export const list = optional.transform((value) =>
  (value ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean),
)
