import { z } from 'zod'
import type { NodeAbout } from '../members/node-about.ts'
import { routeOf } from '../calls/declared-call.ts'
import { calls } from '../node-calls.ts'
import type { NodeClient } from '../transport/node-client.ts'
import { stagedPost } from '../transport/staged-post.ts'

/** The answer needs no reading or writing, so a longer wait means that something is wrong there. */
const strangerDeadlineMs = 5000

export type HomeCall = ReturnType<typeof createHomeCall>

/** Sends a heartbeat to a primary at the given URL. @throws NodeCallError */
export function createHomeCall(deps: { client: NodeClient; self: { id: string; apiKey: string }; about: NodeAbout }) {
  const { client, self } = deps
  return async function callHome(primaryUrl: string): Promise<{ settingsVersion: string | undefined; primaryId: string | null }> {
    const primary = { id: `primary at ${primaryUrl}`, name: 'the primary', apiEndpoint: primaryUrl, apiKey: self.apiKey }
    return client.call(primary, calls.heartbeat, { id: self.id, about: deps.about })
  }
}

const refusalForm = z.object({ title: z.literal('Invalid API key') })

/**
 * Checks that a Selfhostly answers at this URL and refuses calls without a key, before a key is sent there. A mistyped URL
 * never gets a key.
 *
 * @throws Error with the reason if it does not
 */
export async function refuseStrangers(url: string): Promise<void> {
  const { status, json } = await stagedPost(`${url}${routeOf(calls.stats).path}`, {}, strangerDeadlineMs)
  if (status === 401 && refusalForm.safeParse(json).success) return
  const { host } = new URL(url)
  if (status >= 300 && status < 400) throw new Error(`${host} answered ${status} with a redirect. Enter the URL that it leads to`)
  throw new Error(
    `${host} answered ${status} under /api/internal/, which is not an answer from Selfhostly. Is another server or a proxy there, or is it still starting?`,
  )
}
