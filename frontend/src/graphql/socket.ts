import { CloseCode, createClient } from 'graphql-ws'
import { browserSecret } from '../utils/shared/browser-secret.ts'
import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws'

/** Trades how soon a dead connection is noticed against idle traffic. */
const pingEveryMs = 10_000
const pongWithinMs = 5_000
/** Browsers themselves wait minutes before they give up opening a connection that gets no answer. */
const connectWithinMs = 10_000
/** Longest wait between two attempts. Short enough that nobody reaches for the reload button. */
const maxWaitMs = 5_000

const waitBeforeRetry = (retries: number): number => Math.min(maxWaitMs, 300 * 2 ** retries) * (0.5 + Math.random() / 2)

export interface SocketEvents {
  onConnected: () => void
  onLost: () => void
  /** The server closed the socket because the viewer is not signed in, or no longer. */
  onUnauthorized: () => void
}

/** A graphql-ws client that never gives up and treats a connection that does not open or answer a ping in time as dead. */
export function createSocket(url: string, { onConnected, onLost, onUnauthorized }: SocketEvents): Client {
  let answerTimer: ReturnType<typeof setTimeout> | undefined
  const expectAnswer = (withinMs: number): void => {
    clearTimeout(answerTimer)
    answerTimer = setTimeout(() => client.terminate(), withinMs)
  }
  const client = createClient({
    url,
    connectionParams: () => ({ browser: browserSecret() }),
    keepAlive: pingEveryMs,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (retries) => new Promise((resolve) => setTimeout(resolve, waitBeforeRetry(retries))),
    on: {
      connecting: () => expectAnswer(connectWithinMs),
      connected: () => {
        clearTimeout(answerTimer)
        onConnected()
      },
      ping: (received) => {
        if (!received) expectAnswer(pongWithinMs)
      },
      pong: (received) => {
        if (received) clearTimeout(answerTimer)
      },
      closed: (event) => {
        clearTimeout(answerTimer)
        onLost()
        if (event instanceof CloseEvent && event.code === CloseCode.Unauthorized) onUnauthorized()
      },
    },
  })
  return client
}

/**
 * Stays subscribed until unsubscribed. The server ends subscriptions when it stops, and graphql-ws gives up after some close
 * codes. Both times the subscription is opened again.
 */
export function subscribeForGood(client: Client, payload: SubscribePayload, sink: Sink<FormattedExecutionResult>): () => void {
  let wanted = true
  let attempts = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let unsubscribe: (() => void) | undefined

  const again = (): void => {
    if (wanted) timer = setTimeout(open, waitBeforeRetry(attempts++))
  }
  const open = (): void => {
    unsubscribe = client.subscribe(payload, {
      next: (result) => {
        attempts = 0
        sink.next(result as FormattedExecutionResult)
      },
      error: again,
      complete: again,
    })
  }
  open()
  return () => {
    wanted = false
    clearTimeout(timer)
    unsubscribe?.()
  }
}
