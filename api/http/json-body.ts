import type { Context } from 'hono'
import type { z } from 'zod'
import { invalidInput } from '../errors.ts'
import type { HttpEnv } from './router.ts'

/** Reads the body of a sign-in request. @throws INVALID_INPUT naming the fields, never their values */
export async function readJson<T>(c: Context<HttpEnv>, form: z.ZodType<T>): Promise<T> {
  // Another site's form cannot send this content type.
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    throw invalidInput([{ field: 'body', message: 'must be JSON, with the content type application/json' }])
  }
  const body: unknown = await c.req.json().catch(() => undefined)
  const parsed = form.safeParse(body)
  if (parsed.success) return parsed.data
  throw invalidInput(parsed.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message })))
}
