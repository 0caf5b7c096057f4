import { z } from 'zod'
import type { NodeAbout } from '../nodes/about.ts'
import { toWire } from '../wire.ts'
import type { NodeClient } from './node-client.ts'
import { stagedPost } from './staged-post.ts'

/** The primary's answer is one small write in memory; longer than this means that it is not well. */
const deadlineMs = 5000

const answerForm = z.object({ settings_version: z.string().optional(), primary_id: z.guid().optional() })

export type HomeCall = ReturnType<typeof createHomeCall>

/** A heartbeat to a primary at the given URL. @throws NodeCallError */
export function createHomeCall(deps: { client: NodeClient; self: { id: string; apiKey: string }; about: NodeAbout }) {
  const { client, self } = deps
  return async function callHome(primaryUrl: string): Promise<{ settingsVersion: string | undefined; primaryId: string | null }> {
    const primary = { id: `primary at ${primaryUrl}`, name: 'the primary', apiEndpoint: primaryUrl, apiKey: self.apiKey }
    const body = { about: toWire(deps.about) }
    const answer = await client.request(primary, { method: 'POST', path: `/api/internal/nodes/${self.id}/heartbeat`, body, deadlineMs })
    const { settings_version: settingsVersion, primary_id: primaryId = null } = answerForm.safeParse(answer).data ?? {}
    return { settingsVersion, primaryId }
  }
}

const refusalForm = z.object({ title: z.literal('Invalid API key') })

/**
 * Whether a Selfhostly is at this URL that keeps its node surface closed, before it is shown a key: a URL that somebody
 * mistyped gets none.
 *
 * @throws why not, in words
 */
export async function refuseStrangers(url: string): Promise<void> {
  const { status, body } = await stagedPost(`${url}/api/internal/system/stats`, {}, deadlineMs)
  if (status === 401 && refusalForm.safeParse(parseJson(body)).success) return
  const { host } = new URL(url)
  if (status >= 300 && status < 400) throw new Error(`${host} answered ${status} with a redirect. Enter where it leads`)
  throw new Error(
    `${host} answered ${status} under /api/internal/, which is no answer of Selfhostly's. Is another server or a proxy there, or is it just starting?`,
  )
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
