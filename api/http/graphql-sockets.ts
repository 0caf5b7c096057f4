import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { GraphQLError, type ExecutionArgs } from 'graphql'
import { CloseCode } from 'graphql-ws'
import { useServer, type Extra } from 'graphql-ws/use/ws'
import { WebSocketServer, type WebSocket } from 'ws'
import { createAnswerSize } from '../../schema/answer-size.ts'
import { callerKey, type Caller } from '../auth/caller.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Services } from '../services.ts'
import { readBrowserSecret } from './browser-secret.ts'
import type { Door, Standing } from './door.ts'
import type { Graphql } from './graphql.ts'
import { createReceipts } from './receipts.ts'
import type { OpenConnections } from './open-connections.ts'
import type { UnreadAnswers } from './unread-answers.ts'

/** In bytes. No real document or set of variables is larger. */
const maxMessageBytes = 1024 * 1024
/** A dashboard tab uses about five. */
const subscriptionsPerCaller = 250
/** In milliseconds. A browser that disappears without closing is noticed within two of these. */
const pingMs = 12_000

/** Tells clients to reconnect. Source: RFC 6455, and the IANA registry of close codes */
const serviceRestart = 1012

type Connection = Extra & Record<PropertyKey, unknown> & { caller?: Caller }

export type GraphqlSockets = ReturnType<typeof createGraphqlSockets>

/** GraphQL over WebSocket (graphql-transport-ws). A socket closes when the session or token that opened it ends. */
export function createGraphqlSockets({
  services,
  graphql,
  door,
  unread,
  things,
}: {
  services: Services
  graphql: Graphql
  door: Door
  unread: UnreadAnswers
  things: OpenConnections
}) {
  const { log } = services
  const open = new Map<WebSocket, { caller: Caller; running: Set<string>; receipts: ReturnType<typeof createReceipts> }>()

  function countOf(caller: Caller): number {
    let count = 0
    for (const entry of open.values()) if (callerKey(entry.caller) === callerKey(caller)) count += entry.running.size
    return count
  }

  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes })

  const overWebSocket = useServer<Record<string, unknown> | undefined, Connection>(
    {
      // Browsers send cookies with the upgrade. Scripts can send a token here instead.
      async onConnect({ extra, connectionParams }) {
        const authorization = connectionParams?.['authorization'] ?? connectionParams?.['Authorization']
        const bearer = typeof authorization === 'string' ? /^Bearer\s+(.+)$/i.exec(authorization)?.[1] : undefined
        try {
          const browser = readBrowserSecret(connectionParams?.['browser'])
          extra.caller = await door.enter(extra.request, { changes: true, bearer, browser })
          open.set(extra.socket, { caller: extra.caller, running: new Set(), receipts: createReceipts(extra.socket) })
          extra.socket.once(
            'close',
            things.hold(extra.caller, (standing) => endSocket(extra.socket, standing)),
          )
          unread.watchSocket(extra.caller, extra.socket)
          return true
        } catch (error) {
          if (!(error instanceof AppError)) throw error
          // The close code tells a browser to show the sign-in page.
          if (error.code === 'UNAUTHENTICATED') extra.socket.close(CloseCode.Unauthorized, error.message.slice(0, 120))
          return false
        }
      },
      async onSubscribe({ extra }, id, payload) {
        const { caller } = extra
        if (!caller) return [graphql.maskError(new Error('a message arrived before the connection was accepted'))]
        const standing = door.standing(caller)
        if (standing !== 'good') {
          endSocket(extra.socket, standing)
          return [graphql.maskError(new AppError('UNAUTHENTICATED', 'Your session has ended'))]
        }
        const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({
          caller,
          overWebSocket: true,
          answer: createAnswerSize(),
          received: open.get(extra.socket)?.receipts(),
          params: payload,
        })
        try {
          const document = parse(payload.query)
          const errors = validate(schema, document)
          if (errors.length > 0) return errors
          if (countOf(caller) >= subscriptionsPerCaller) throw tooMany()
          unread.check(caller)
          open.get(extra.socket)?.running.add(id)
          const { operationName, variables: variableValues } = payload
          return {
            schema,
            operationName,
            document,
            variableValues,
            contextValue: await contextFactory(),
            execute,
            subscribe,
          } as ExecutionArgs
        } catch (error) {
          return [error instanceof GraphQLError ? error : new GraphQLError(errorMessage(error), { originalError: error as Error })]
        }
      },
      onComplete({ extra }, id) {
        open.get(extra.socket)?.running.delete(id)
      },
      execute: (args) => (args as EnvelopedArgs).execute(args),
      subscribe: (args) => (args as EnvelopedArgs).subscribe(args),
      onError: (_context, _id, _payload, errors) => errors.map(graphql.maskError),
      onNext: (_context, _id, _payload, _args, result) =>
        result.errors ? { ...result, errors: result.errors.map(graphql.maskError) } : undefined,
    },
    sockets,
    pingMs,
  )

  return {
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      sockets.handleUpgrade(request, socket, head, (client) => {
        sockets.emit('connection', client, request)
        client.on('close', () => open.delete(client))
        // A protocol violation is the sender's fault, and `ws` reports it in its close frame. Without this, graphql-ws would also
        // print it as an error of this program.
        client.removeAllListeners('error')
        client.on('error', () => log.debug('closed a WebSocket because its messages were malformed or too large'))
      })
    },

    async stop(): Promise<void> {
      await overWebSocket.dispose()
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    },
  }
}

/** A client whose role or nodes changed reconnects at once and gets its new permissions. */
const endSocket = (socket: WebSocket, standing: Exclude<Standing, 'good'>): void =>
  standing === 'over'
    ? socket.close(CloseCode.Unauthorized, 'Your session has ended')
    : socket.close(serviceRestart, 'Your role has changed')

type EnvelopedArgs = ExecutionArgs & { execute: (args: ExecutionArgs) => never; subscribe: (args: ExecutionArgs) => never }

const tooMany = (): AppError =>
  new AppError('RATE_LIMITED', `You have ${subscriptionsPerCaller} subscriptions open. Close one first`, { retryAfterSeconds: 5 })
