import { z } from 'zod'
import { bounds, isPrintable, unprintableWords } from '../../bounds.ts'
import { invalidInput } from '../../errors.ts'

const name = z
  .string()
  .trim()
  .min(1, 'is required. Choose a name that no other node has')
  .max(bounds.nodeName, `must have at most ${bounds.nodeName} characters`)
  .refine(isPrintable, unprintableWords)

const apiEndpoint = z
  .string()
  .trim()
  .min(1, 'is required. Enter the URL where this primary reaches the node, such as http://192.168.1.20:8080')
  .max(bounds.url, `must have at most ${bounds.url} characters`)
  .refine(isHttpUrl, 'must be an http:// or https:// URL without user, query or fragment, such as http://192.168.1.20:8080')
  .transform((value) => value.replace(/\/+$/, ''))

const apiKey = z
  .string()
  .trim()
  .min(1, 'is required. On the node, `npm run identity` or `selfhostly identity` prints its key')
  .min(8, 'must have at least 8 characters')
  .max(bounds.apiKey, `must have at most ${bounds.apiKey} characters`)
  // It is sent in a header, where other characters get lost or refused.
  .regex(/^[\x21-\x7e]*$/, 'must contain only visible ASCII characters and no spaces')

const labelPart = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/
export const labels = z
  .record(z.string(), z.string())
  .refine((value) => Object.keys(value).length <= 50, 'must have at most 50 entries')
  .refine(
    (value) => Object.entries(value).every((pair) => pair.every((part) => labelPart.test(part))),
    'must have keys and values of 1 to 63 letters, digits, dots, dashes, underscores and slashes that start and end with a letter or digit, such as env=lab',
  )

const registerInput = z.object({
  id: z
    .string()
    .trim()
    .min(1, 'is required. On the node, `npm run identity` or `selfhostly identity` prints its ID')
    .toLowerCase()
    .pipe(z.guid('must be a UUID. On the node, `npm run identity` or `selfhostly identity` prints its ID')),
  name,
  apiEndpoint,
  apiKey,
  labels: labels.nullish(),
})

const updateInput = z.object({
  name: name.nullish(),
  apiEndpoint: apiEndpoint.nullish(),
  apiKey: apiKey.nullish(),
  labels: labels.nullish(),
})

export type RegisterNodeInput = z.input<typeof registerInput>
export type UpdateNodeInput = z.input<typeof updateInput>

export const parseRegisterInput = (input: unknown) => parse(registerInput, input)
export const parseUpdateInput = (input: unknown) => parse(updateInput, input)

/** @throws INVALID_INPUT with one entry per invalid field */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const first = new Map<string, string>()
  for (const issue of parsed.error.issues) {
    const field = issue.path.join('.')
    if (!first.has(field)) first.set(field, issue.code === 'invalid_type' ? 'is required and must be text' : issue.message)
  }
  throw invalidInput([...first].map(([field, message]) => ({ field, message })))
}

function isHttpUrl(value: string): boolean {
  const url = URL.parse(value)
  return Boolean(url && /^https?:$/.test(url.protocol) && url.hostname && !url.username && !url.password && !url.search && !url.hash)
}
