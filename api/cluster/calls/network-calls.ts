import { z } from '@hono/zod-openapi'
import { appRefusals } from '../../app-wire.ts'
import type { Action } from '../../auth/action.ts'
import type { EngineNetwork } from '../../docker/engine.types.ts'
import { networkWire, readNetwork, toWire } from '../../wire.ts'
import { answered, leniently } from './declared-call.ts'

export const createNetworkBody = z.object({ name: z.string().default('') }).openapi('CreateNetwork')
export const networkRefusals = { 400: appRefusals[400], 409: 'The name is taken', 503: appRefusals[503] }

/** Calls about the networks on a node. */

export const networkCalls = {
  createNetwork: answered({
    route: 'POST /api/internal/networks',
    summary: 'Makes a network that apps share as an external one',
    on: 'every-node',
    body: { schema: createNetworkBody, description: 'The network' },
    needs: () => 'app-validation' as const,
    refusals: networkRefusals,
    answer: {
      status: 200,
      description: 'The network',
      schema: networkWire,
      write: (network: EngineNetwork) => toWire(network),
      read: leniently(readNetwork),
    },
    action: { word: 'network.create', permission: 'app.change', on: 'node' } satisfies Action,
    named: ({ name }) => ({ subject: name }),
  }),
}
