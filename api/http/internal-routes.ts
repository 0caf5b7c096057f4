import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { AppOperation } from '../apps/app-service.ts'
import { routeOf, serveEach, type AnsweredCall } from '../cluster/calls/declared-call.ts'
import { actionCalls, calls } from '../cluster/node-calls.ts'
import { AppError, invalidInput } from '../errors.ts'
import { operationIdHeader } from '../operation-request.ts'
import type { Services } from '../services.ts'
import { auditedCall } from './audited-call.ts'
import type { Door } from './door.ts'
import { feedResponse } from './feed-response.ts'
import { serveLogs } from './internal-log-routes.ts'
import { authenticate, onlyWhileCallerWaits, ownNodeOnly, whileKeyIsValid } from './internal-callers.ts'
import { notFoundProblem } from './problem.ts'
import { serveTerminals } from './internal-terminal-routes.ts'
import { createRouter, type HttpEnv, type Router } from './router.ts'
import { serveCall, serveStream } from './serve-call.ts'

const all = '/api/internal/*'

/**
 * The routes that nodes call on each other. Every request carries X-Node-ID and X-Node-API-Key. Wrong, missing and unknown
 * credentials get the same answer, which does not reveal what was wrong.
 */
export function internalRoutes(services: Services, door: Door): Router {
  const router = createRouter()
  router.use(all, authenticate(services, door))
  if (!services.self.isPrimary) router.use(all, onlyWhileCallerWaits(services))
  for (const path of ownPaths()) router.use(path, ownNodeOnly(services))

  /** Serves the call if this node answers it, and writes to the audit log what it changes. */
  function serve<Input extends object, Output, Read>(
    call: AnsweredCall<Input, Output, Read>,
    handler: (input: Input, caller: { id: string; by: string; signal: AbortSignal }) => Promise<Output>,
  ): void {
    if (call.on === (services.self.isPrimary ? 'secondary' : 'primary')) return
    serveCall(router, call, (input, c) => {
      const caller = { id: c.get('callerId'), by: c.get('by'), signal: c.req.raw.signal }
      const carryOut = (): Promise<Output> => handler(input, caller)
      const operationId = call.begun && chosenId(c.req.header(operationIdHeader))
      // What starts an operation answers with it and its app, so the answer to a repeated call is one of this call.
      const run = operationId ? () => services.apps.onceById(operationId, carryOut as () => Promise<AppOperation>) : carryOut
      return auditedCall(services, c.get('actor'), call, input, run as typeof carryOut)
    })
  }
  const { health, home, monitor, ownActions, registries, settings } = services
  serve(calls.heartbeat, (input, { id }) => health.heartbeats.receive(id, input))
  serve(calls.takeKey, async ({ apiKey }) => home.ownKey.take(apiKey))
  servePrimaryMove(router, services)
  serve(calls.settings, async () => settings.read())
  serve(calls.settingsChanged, async () => home.events.emit('settingsChanged', undefined))
  serve(calls.stats, () => monitor.current())
  serve(calls.watchStats, async ({ seconds }) => monitor.watch(seconds * 1000))
  serve(calls.learnImages, ({ answers }) => registries.answers.learn(answers))
  serve(calls.askRegistry, (input) => services.imageChecks.askFor(input))
  serve(calls.registryLogins, async ({ registries: names }) =>
    names.split(',').flatMap((registry) => registries.credentials.loginFor(registry) ?? []),
  )
  serveEach(actionCalls, ownActions, serve)
  serveStream(router, calls.events, (_input, c) => eventsFor(c, services))
  serveLogs(router, services)
  serveTerminals(router, services)
  // Stop here. The user surface would reject a node's valid credentials with 401.
  router.all(all, notFoundProblem)
  return router
}

/** @throws INVALID_INPUT */
function chosenId(given: string | undefined): string | undefined {
  if (given !== undefined && !z.uuid().safeParse(given).success)
    throw invalidInput([{ field: operationIdHeader, message: 'must be a UUID' }])
  return given
}

/** The paths that a primary serves only to itself: everything below the first part of these calls' paths, such as `apps`. */
function ownPaths(): Set<string> {
  const paths = Object.values(calls).flatMap((call) => (call.on === 'every-node' ? routeOf(call).path : []))
  return new Set(paths.map((path) => path.replace(/^(\/api\/internal\/\w+)\/.*/, '$1/*')))
}

function servePrimaryMove(router: Router, services: Services): void {
  const { primaryAddress } = services.home
  if (!primaryAddress) return
  serveCall(router, calls.movePrimary, async (input, c) => {
    const url = services.primaryMove.parse(input.url)
    let error: string | null = null
    await auditedCall(services, c.get('actor'), calls.movePrimary, { url }, async () => {
      error = await primaryAddress.move(url)
      // So that the audit log line has the reason too.
      if (error !== null) throw new AppError('CONFLICT', error)
      return { moved: true, error }
    }).catch((thrown: unknown) => {
      if (error === null) throw thrown
    })
    return { moved: error === null, error }
  })
}

/** Streams this node's feed until its reader leaves, or the key that it called with is no longer valid. */
function eventsFor(c: Context<HttpEnv>, { feed, clock, home: { events, ownKey } }: Services): Response {
  const callerId = c.get('callerId')
  const { signal, stop } = whileKeyIsValid(c, ownKey)
  events.emit('streamOpened', callerId)
  return feedResponse(feed.own, {
    signal,
    clock,
    pace: feed.pace,
    onEnd() {
      stop()
      events.emit('streamClosed', callerId)
    },
  })
}
