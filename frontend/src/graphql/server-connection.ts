import { Client, fetchExchange, mapExchange, subscriptionExchange } from '@urql/core'
import type { CombinedError } from '@urql/core'
import type { Client as SocketClient } from 'graphql-ws'
import { retryExchange } from '@urql/exchange-retry'
import { readonly, shallowRef } from 'vue'
import type { InjectionKey, Ref } from 'vue'
import { browserSecretHeader } from '../utils/shared/browser-secret.ts'
import { createCache } from './cache.ts'
import { fetchWithDeadline } from './fetch-with-deadline.ts'
import { createSocket, subscribeForGood } from './socket.ts'

/** 'starting' until the first connection, 'lost' from a broken or refused connection until the next good one. */
export type ConnectionState = 'starting' | 'connected' | 'lost'
/** 'sign-in' after HTTP 401 or the socket's close code for it. */
export type Access = 'granted' | 'sign-in'

export interface ServerConnection {
  client: Client
  connection: Readonly<Ref<ConnectionState>>
  /** When a connection that worked broke. Undefined while it works, and before the first one. */
  lostAt: Readonly<Ref<string | undefined>>
  /** How often the connection came back. Data read before that can be out of date. */
  reconnects: Readonly<Ref<number>>
  access: Readonly<Ref<Access>>
  /** A subscription past the cache. Sends its payload again, as it is then, when a lost connection is opened again. */
  stream: SocketClient['subscribe']
}

export const serverConnectionKey: InjectionKey<ServerConnection> = Symbol('connection')

/** Undefined if the response, or the lack of one, says nothing about access. */
function accessAfter(error: CombinedError): Access | undefined {
  const status = (error.response as Response | undefined)?.status
  if (status === undefined) return undefined
  const codes = error.graphQLErrors.map((each) => each.extensions['code'])
  if (status === 401 || codes.includes('UNAUTHENTICATED')) return 'sign-in'
  return 'granted'
}

/**
 * Retries queries that the network lost before a response, as when a laptop changes networks. A mutation may have arrived, so its
 * sender decides whether to repeat it. A response that refuses is final.
 */
const askAgain = retryExchange({
  initialDelayMs: 200,
  maxNumberAttempts: 4,
  retryIf: (error, { kind }) => kind === 'query' && error.networkError !== undefined && error.response === undefined,
})

/** What the socket says about the connection. */
function createConnectionState() {
  const connection = shallowRef<ConnectionState>('starting')
  const lostAt = shallowRef<string>()
  const reconnects = shallowRef(0)

  return {
    state: { connection: readonly(connection), lostAt: readonly(lostAt), reconnects: readonly(reconnects) },
    onConnected: (): void => {
      if (connection.value === 'lost') reconnects.value++
      connection.value = 'connected'
      lostAt.value = undefined
    },
    onLost: (): void => {
      if (connection.value === 'connected') lostAt.value = new Date().toISOString()
      connection.value = 'lost'
    },
  }
}

/** @param origin the server's origin, such as `http://localhost:8080`; the socket connects to the same host */
export function createServerConnection(origin: string): ServerConnection {
  const access = shallowRef<Access>('granted')
  const { state, onConnected, onLost } = createConnectionState()
  const onUnauthorized = (): void => void (access.value = 'sign-in')
  const socket = createSocket(`${origin.replace(/^http/, 'ws')}/graphql`, { onConnected, onLost, onUnauthorized })

  const client = new Client({
    url: `${origin}/graphql`,
    preferGetMethod: false,
    fetch: fetchWithDeadline,
    fetchOptions: () => ({ headers: browserSecretHeader() }),
    exchanges: [
      createCache(),
      // Below the cache, because cached results say nothing about access now.
      mapExchange({
        onResult(result) {
          if (result.error) access.value = accessAfter(result.error) ?? access.value
          else if (result.operation.kind !== 'subscription') access.value = 'granted'
        },
      }),
      askAgain,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: subscribeForGood(socket, { ...request, query: request.query ?? '' }, sink),
          }),
        }),
      }),
    ],
  })
  return { client, ...state, access: readonly(access), stream: (payload, sink) => socket.subscribe(payload, sink) }
}
