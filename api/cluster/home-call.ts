import { z } from 'zod'
import type { NodeAbout } from '../nodes/about.ts'
import { toWire } from '../wire.ts'
import type { NodeClient } from './node-client.ts'

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
