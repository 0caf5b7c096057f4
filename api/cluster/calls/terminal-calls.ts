import { z } from '@hono/zod-openapi'
import { bounds } from '../../bounds.ts'
import type { OpenedTerminal } from '../../terminals/own-terminals.ts'
import { answered, forbidden, nothing, refused, streamed } from './declared-call.ts'

/** Calls for terminals in a node's containers. Writing and reading are calls of their own, so that any proxy in between lets them pass. */

const most = bounds.terminals
const text = (longest: number) => z.string().min(1).max(longest)
const idParam = z.object({ id: z.uuid() })
const owner = text(100).openapi({ description: 'Stands for the account and credential of whoever opened it' })
const count = (largest: number) => z.int().min(1).max(largest)
const size = { cols: count(most.size.cols), rows: count(most.size.rows) }

const opened = z.object({ id: z.uuid(), container: z.string().max(bounds.container.name) }).openapi('OpenedTerminal')

function readOpened(json: unknown): { value: OpenedTerminal } | null {
  const { data } = opened.safeParse(json)
  return data ? { value: data } : null
}

const ofAll = { on: 'every-node', needs: () => 'terminals' as const } as const
const refusals = { ...refused, ...forbidden, 404: 'There is no such terminal of this owner' }
const done = (description: string) => ({ status: 204, description, ...nothing }) as const

export const terminalCalls = {
  openTerminal: answered({
    route: 'POST /api/internal/terminals',
    ...ofAll,
    body: {
      schema: z.object({
        container: text(most.container),
        command: z.array(z.string().max(most.command.argument)).max(most.command.arguments),
        ...{ ...size, owner, is_administrator: z.boolean() },
      }),
      description: 'In which container, and for whom. Without a command, the first of bash, ash and sh that is there',
    },
    refusals: { ...refusals, 404: 'There is no such container', 409: 'It does not run', 429: 'Too many terminals are open' },
    answer: {
      status: 200,
      description: 'The terminal is open',
      schema: opened,
      write: ({ id, container }: OpenedTerminal) => ({ id, container }),
      read: readOpened,
    },
  }),

  terminalOutput: streamed({
    route: 'GET /api/internal/terminals/{id}/output',
    ...ofAll,
    params: idParam,
    query: z.object({ owner, container: text(most.container) }),
    contentType: 'application/octet-stream',
    description: 'What it has written lately and writes, in frames; see terminal-frames.ts. Replaces the reader before',
    refusals,
  }),

  terminalInput: answered({
    route: 'POST /api/internal/terminals/{id}/input',
    ...ofAll,
    params: idParam,
    body: {
      schema: z.object({ owner, data: z.base64().max(Math.ceil(most.message / 3) * 4) }),
      description: 'What was typed',
    },
    refusals: { ...refusals, 409: 'The program does not read' },
    answer: done('The program has been given it'),
  }),

  resizeTerminal: answered({
    route: 'POST /api/internal/terminals/{id}/size',
    ...ofAll,
    params: idParam,
    body: { schema: z.object({ owner, ...size }), description: 'In characters' },
    refusals,
    answer: done('The terminal has this size'),
  }),

  endTerminal: answered({
    route: 'DELETE /api/internal/terminals/{id}',
    ...ofAll,
    params: idParam,
    query: z.object({ owner, reason: text(300) }),
    refusals,
    answer: done('The terminal and its program have ended'),
  }),
}
