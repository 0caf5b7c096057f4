import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { createSeen, type Seen } from './seen.ts'
import type { TestContext } from './test-context.ts'

/** A server, and headers for every request to it, such as a proxy's login. */
export interface Server {
  url: string
  headers?: Record<string, string>
}

interface Answer<T> {
  data?: T | null
  errors?: { message: string; extensions?: { code?: string; fields?: { field: string; message: string }[] } }[]
}

/** The first error of a server's answer. */
export class GraphqlFailure extends Error {
  override readonly name = 'GraphqlFailure'
  readonly code: string | undefined
  readonly fields: { field: string; message: string }[]

  constructor(errors: NonNullable<Answer<unknown>['errors']>) {
    super(errors.map(({ message }) => message).join('; '))
    this.code = errors[0]?.extensions?.code
    this.fields = errors[0]?.extensions?.fields ?? []
  }
}

/** One query or mutation over HTTP. @throws GraphqlFailure */
export async function ask<T>(node: Server, query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const response = await fetch(`${node.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...node.headers },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(30_000),
  })
  const { data, errors } = (await response.json()) as Answer<T>
  if (errors) throw new GraphqlFailure(errors)
  if (!data) throw new Error(`GraphQL answered ${response.status} without data`)
  return data
}

export interface LiveValues<T> extends Seen<T> {
  /** Resolves when the server completes the subscription. */
  completed: Promise<void>
}

/** A subscription over WebSocket: yields its single field's values as they arrive. Ends with the test. */
export function follow<T>(
  t: Pick<TestContext, 'teardown'>,
  node: Server,
  query: string,
  variables: Record<string, unknown> = {},
): LiveValues<T> {
  // Node's built-in WebSocket cannot send headers.
  const webSocketImpl = class extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol, { headers: { origin: node.url, ...node.headers } })
    }
  }
  const client = createClient({ url: `${node.url.replace('http', 'ws')}/graphql`, webSocketImpl, retryAttempts: 0 })
  const seen = createSeen<T>(query)
  const completed = new Promise<void>((resolve) => {
    client.subscribe<Record<string, T>>(
      { query, variables },
      {
        next({ data, errors }) {
          if (errors) seen.fail(new GraphqlFailure(errors as Answer<T>['errors'] & object))
          for (const value of Object.values(data ?? {})) seen.push(value)
        },
        error: (error) => seen.fail(error instanceof Error ? error : new Error(`${query}: ${JSON.stringify(error)}`)),
        complete: resolve,
      },
    )
  })
  t.teardown(() => client.dispose())
  return { ...seen, completed }
}
