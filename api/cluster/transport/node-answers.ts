import type { Response } from 'undici'
import { z } from 'zod'
import { bounds } from '../../bounds.ts'
import { codeOf, wordsOf, type ErrorCode } from '../../errors.ts'
import { costOfJson, jsonOrNothing, parseBounded } from '../limits/bounded-json.ts'
import { createByteTurns } from '../limits/event-loop-turns.ts'
import type { NodeAddress } from '../members/node-registry.ts'
import { NodeCallError, unusable } from './node-call-error.ts'
import { retryAfterMsOf } from './retry-after.ts'

export const { bytes: maxAnswerBytes, values: maxAnswerValues } = bounds.answer
const maxRefusalBytes = 256 * 1024
/** Each chunk counts as at least this many bytes, because a million one-byte chunks cost as much as gigabytes. */
const pieceBytes = 256

const problem = z.object({
  title: z.string().max(1000).optional(),
  detail: z.string().max(100_000).optional(),
  code: z.string().optional(),
  fields: z
    .array(z.object({ field: z.string().max(200), message: z.string().max(10_000) }))
    .max(100)
    .optional(),
})

/** Null for an answer without content. @throws if the answer is too large or not JSON */
export async function readJson(response: Response): Promise<unknown> {
  const text = await readText(response, maxAnswerBytes)
  if (text === '') return null
  // Parsing blocks as long as its size says, so a large answer is parsed in its own turn.
  await createByteTurns()(costOfJson(text))
  return parseBounded(text, maxAnswerValues)
}

/** @throws if there are more than `most` bytes */
async function readText(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const turn = createByteTurns()
  for await (const chunk of response.body ?? []) {
    const weight = Math.max(pieceBytes, (chunk as Uint8Array).byteLength)
    bytes += weight
    if (bytes > most) throw Object.assign(new Error('too large'), { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' })
    chunks.push(chunk as Uint8Array)
    await turn(weight)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Refusals that concern the calling node. Passed on, they would tell a person to sign in or to wait for no reason. */
const isBetweenNodes: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'MISDIRECTED', 'RATE_LIMITED'] satisfies ErrorCode[])

const camelCased = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Keeps the node's own refusal and its code. Any other answer means that the node cannot be used. */
export async function refusalOf(address: NodeAddress, response: Response): Promise<NodeCallError> {
  const text = await readText(response, maxRefusalBytes).catch(() => '')
  const parsed = problem.safeParse(jsonOrNothing(text))
  const { code, detail, title, fields } = parsed.data ?? {}
  const said = { answered: true, httpStatus: response.status, retryAfterMs: retryAfterMsOf(Object.fromEntries(response.headers)) }
  const refusal = (why: string) => unusable(address, why, said)
  if (response.status === 401)
    return refusal(
      `refused the credentials (401${title ? ` ${title}` : ''}): the server that answered does not know the node's id, or has a different key for it`,
    )
  const known = code && codeOf(code, response.status)
  if (known && !isBetweenNodes.has(known)) {
    const named = (fields ?? []).map(({ field, message }) => ({ field: camelCased(field), message }))
    // A message that only lists the fields calls them by the same names as the fields do.
    const message = fields && detail === wordsOf(fields) ? wordsOf(named) : (detail ?? title ?? known)
    return new NodeCallError(known, message, { ...said, fields: named })
  }
  if (known) return refusal(`refused the call (${response.status}): ${detail ?? title ?? known}`)
  if (response.status < 400) return refusal(`answered ${response.status} with a redirect. Enter the endpoint that it redirects to`)
  return refusal(
    `answered ${response.status}${title ? ` ${title}` : ''}, which is not an answer from Selfhostly. Is another server or a proxy at its endpoint?`,
  )
}
