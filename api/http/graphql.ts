import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { GraphQLError } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { schema } from '../../schema/index.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Services } from '../services.ts'
import { createGraphiqlPage } from './graphiql-page.ts'

/** A document or a set of variables larger than this is no honest use, in bytes. */
const maxMessageBytes = 1024 * 1024

const defaultQuery = `# Every node as it is now, then each change. Needs no page reload: press play.
subscription Nodes {
  nodeStatusChanged { name status statusSince statusReason lastSeen consecutiveFailures }
}
`

export type GraphqlServer = ReturnType<typeof createGraphqlServer>

/** GraphQL over HTTP (queries, mutations, GraphiQL) and over WebSocket (everything, subscriptions above all), by the same rules. */
export function createGraphqlServer(services: Services) {
  const { log } = services
  const graphiql = createGraphiqlPage()
  const yoga = createYoga<object>({
    schema,
    context: () => ({ services }),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    logging: false,
    batching: false,
    cors: false,
    graphiql: { title: 'Selfhostly GraphQL', subscriptionsProtocol: 'WS', defaultQuery, credentials: 'same-origin' },
    renderGraphiQL: graphiql.render,
    maskedErrors: { maskError: (error) => maskError(error, log) },
    plugins: [subscriptionsOverWebSocketOnly],
  })

  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes })
  const overWebSocket = useServer(
    {
      schema,
      context: () => ({ services }),
      onError: (_context, _id, _payload, errors) => errors.map((error) => maskError(error, log) as GraphQLError),
      onNext: (_context, _id, _payload, _args, result) =>
        result.errors ? { ...result, errors: result.errors.map((error) => maskError(error, log) as GraphQLError) } : undefined,
    },
    sockets,
    // A browser that is gone without a word is noticed within two of these, in milliseconds.
    12_000,
  )

  return {
    async fetch(request: Request): Promise<Response> {
      const response = await yoga.fetch(request)
      if (response.headers.get('content-type')?.startsWith('text/html')) response.headers.set('content-security-policy', graphiql.policy())
      return response
    },

    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      sockets.handleUpgrade(request, socket, head, (client) => {
        sockets.emit('connection', client, request)
        // What breaks the protocol of WebSockets is the fault of whoever sent it: `ws` says so in its close frame, and
        // graphql-ws, which would print it as an error of this program, has nothing to add.
        client.removeAllListeners('error')
        client.on('error', () => log.debug('a WebSocket was closed: its messages are malformed or too large'))
      })
    },

    async stop(): Promise<void> {
      await overWebSocket.dispose()
      for (const client of sockets.clients) client.terminate()
      sockets.close()
      await yoga.dispose()
    },
  }
}

/** Subscriptions over server-sent events would be a second way to the same thing, without its limits. */
const subscriptionsOverWebSocketOnly: Plugin = {
  onSubscribe({ setResultAndStopExecution }) {
    setResultAndStopExecution({
      errors: [
        new GraphQLError('Subscriptions go over WebSocket (graphql-transport-ws) at this address', { extensions: { code: 'BAD_REQUEST' } }),
      ],
    })
  },
}

/**
 * Expected errors and faults of the document itself pass as they are; a bug is logged under an id and says nothing more.
 * Source of the distinction: an error that was thrown has an originalError.
 */
function maskError(error: unknown, log: Log): Error {
  if (!(error instanceof GraphQLError)) return masked(error, undefined, log)
  const cause = error.originalError
  if (cause === undefined || cause instanceof AppError || cause instanceof GraphQLError) return error
  // Coercion of variables and literals: the caller's fault, in words meant for the caller.
  if (error.path === undefined) return error
  return masked(cause, error, log)
}

function masked(cause: unknown, error: GraphQLError | undefined, log: Log): GraphQLError {
  const requestId = randomUUID()
  log.error({ err: cause, requestId, path: error?.path?.join('.') }, 'GraphQL request failed')
  return new GraphQLError(`Something went wrong here. The log has more under ${requestId}`, {
    ...(error ? { nodes: error.nodes ?? null, path: error.path ?? null } : {}),
    extensions: { code: 'INTERNAL', requestId },
  })
}
