import { z } from '@hono/zod-openapi'
import { bounds } from '../../bounds.ts'
import type { Action } from '../../auth/action.ts'
import type { Settings } from '../../settings/settings-service.ts'
import { fromWire, toWire } from '../../wire.ts'
import { answered, forbidden, idParam, nothing, refused } from './declared-call.ts'

/** Calls that keep a primary and its nodes together: heartbeats, keys, addresses, settings. */

const heartbeatAnswer = z.object({ settings_version: z.string().optional(), primary_id: z.guid().optional() })

const moved = z.object({ moved: z.boolean(), error: z.string().nullable() })

const settingsAnswer = z.object({
  cloudflare_api_token: z.string().nullable(),
  cloudflare_account_id: z.string().nullable(),
  primary_url: z.string().nullable(),
})

const someText = (most: number) => z.string().max(most).nullable()
const readableSettings = z.object({
  cloudflare_api_token: someText(bounds.settingValue),
  cloudflare_account_id: someText(bounds.settingValue),
  // Older primaries do not send it.
  primary_url: someText(bounds.url).default(null),
})

export const primaryCalls = {
  heartbeat: answered({
    route: 'POST /api/internal/nodes/{id}/heartbeat',
    on: 'primary',
    params: idParam,
    // Older versions send nothing.
    body: { schema: z.object({ about: z.unknown() }), description: "The node's program", isLenient: true },
    // The primary only updates memory for this call, so a longer wait means that something is wrong with it.
    deadlineMs: 5000,
    refusals: { ...refused, ...forbidden },
    answer: {
      status: 200,
      description: 'The node is online. If `settings_version` has changed, it should fetch its settings',
      schema: z.object({ message: z.string(), nodeID: z.string(), settings_version: z.string(), primary_id: z.string() }),
      write: ({ id, ...more }: { id: string; settingsVersion: string; primaryId: string }) => ({
        message: 'Heartbeat received',
        nodeID: id,
        ...toWire(more),
      }),
      read(json: unknown) {
        const { settings_version: settingsVersion, primary_id: primaryId = null } = heartbeatAnswer.safeParse(json).data ?? {}
        return { value: { settingsVersion, primaryId } }
      },
    },
  }),

  takeKey: answered({
    route: 'POST /api/internal/key',
    on: 'secondary',
    body: { schema: z.object({ api_key: z.string().regex(/^[\x21-\x7e]{32,500}$/) }), description: 'The next key' },
    needs: () => 'key-rotation',
    deadlineMs: 5000,
    refusals: { ...refused, ...forbidden },
    answer: { status: 204, description: 'The node has the new key. The old one stays valid for a while', ...nothing },
    action: { word: 'node.rotate-key', permission: 'node.change', on: 'node' } satisfies Action,
  }),

  movePrimary: answered({
    route: 'POST /api/internal/primary',
    on: 'secondary',
    body: { schema: z.object({ url: z.string().max(2000) }), description: "The primary's new URL" },
    needs: () => 'primary-url',
    // Long enough for a node to try the new URL before it answers.
    deadlineMs: 15_000,
    refusals: refused,
    answer: {
      status: 200,
      description: 'Whether the node found the primary there. If not, it keeps the old URL',
      schema: moved,
      write: (outcome: z.infer<typeof moved>) => outcome,
      read(json: unknown) {
        const { data: value } = moved.safeParse(json)
        return value ? { value } : null
      },
    },
    action: { word: 'cluster.primary-url', permission: 'node.change' } satisfies Action,
    named: ({ url }) => ({ subject: url.slice(0, 200) }),
  }),

  settings: answered({
    route: 'GET /api/internal/settings',
    on: 'primary',
    refusals: refused,
    answer: {
      status: 200,
      description: 'The settings that a secondary needs, including secrets',
      isSecret: true,
      schema: settingsAnswer,
      write: (settings: Settings) => toWire(settings),
      read(json: unknown) {
        const { data } = readableSettings.safeParse(json)
        return data ? { value: fromWire(data) } : null
      },
    },
  }),

  settingsChanged: answered({
    route: 'POST /api/internal/settings/changed',
    on: 'secondary',
    deadlineMs: 5000,
    refusals: refused,
    answer: { status: 202, description: 'The node will fetch the settings from its primary', ...nothing },
  }),
}
