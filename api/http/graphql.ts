import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import { GraphQLError } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import { createAnswerSize, tooLarge, type AnswerSize } from '../../schema/answer-size.ts'
import type { Context } from '../../schema/builder.ts'
import { schema } from '../../schema/index.ts'
import { noCycles } from '../../schema/no-cycles.ts'
import type { Caller } from '../auth/caller.ts'
import type { Services } from '../services.ts'
import { createUserApi } from '../user/user-api.ts'
import { createGraphiqlPage } from './graphiql-page.ts'
import { maskError } from './graphql-errors.ts'

/** What the transport must know about a request. */
export interface GraphqlRequest {
  caller: Caller
  overWebSocket: boolean
  answer: AnswerSize
  /** See the context. */
  received?: (() => Promise<void>) | undefined
}

const defaultQuery = `# Every node as it is now, then each change. Press play, no page reload needed.
subscription Nodes {
  nodeStatusChanged { name status statusSince statusReason lastSeen consecutiveFailures }
}
`

export type Graphql = ReturnType<typeof createGraphql>

/** Runs documents by the same rules over every transport. The schema limits cost, depth and breadth. */
export function createGraphql(services: Services) {
  const { log } = services
  const graphiql = createGraphiqlPage()
  const yoga = createYoga<GraphqlRequest, Context>({
    schema,
    context: ({ caller, answer, received, request }) => ({
      user: createUserApi(services, caller),
      answer,
      received,
      signal: request?.signal,
    }),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    logging: false,
    batching: false,
    // Other sites can make a browser send a form on a person's behalf without asking.
    multipart: false,
    cors: false,
    graphiql: { title: 'Selfhostly GraphQL', subscriptionsProtocol: 'WS', defaultQuery, credentials: 'same-origin' },
    renderGraphiQL: graphiql.render,
    maskedErrors: { maskError: (error) => maskError(error, log) },
    plugins: [
      subscriptionsOverWebSocketOnly,
      boundedAnswers,
      maxTokensPlugin({ n: 2000 }),
      maxAliasesPlugin({ n: 30 }),
      maxDirectivesPlugin({ n: 30 }),
    ],
  })

  return {
    async fetch(request: Request, caller: Caller): Promise<Response> {
      const response = await yoga.fetch(request, { caller, overWebSocket: false, answer: createAnswerSize() })
      if (response.headers.get('content-type')?.startsWith('text/html')) response.headers.set('content-security-policy', graphiql.policy())
      return response
    },
    /** Parse, validate, execute and subscribe with all plugins, for other transports. */
    getEnveloped: yoga.getEnveloped,
    maskError: (error: unknown): GraphQLError => maskError(error, log) as GraphQLError,
    stop: async (): Promise<void> => yoga.dispose(),
  }
}

/** Subscriptions over server-sent events would bypass the limits of the WebSocket transport. */
const subscriptionsOverWebSocketOnly: Plugin<GraphqlRequest> = {
  onSubscribe({ args, setResultAndStopExecution }) {
    if ((args.contextValue as GraphqlRequest).overWebSocket) return
    setResultAndStopExecution({
      errors: [
        new GraphQLError('Subscriptions need a WebSocket (graphql-transport-ws) at this URL', { extensions: { code: 'BAD_REQUEST' } }),
      ],
    })
  },
}

/** Replaces an answer that grew too large with a single error. */
const boundedAnswers: Plugin<GraphqlRequest> = {
  onValidate({ addValidationRule }) {
    addValidationRule(noCycles)
  },
  onExecute({ args }) {
    const { answer } = args.contextValue as GraphqlRequest
    return {
      onExecuteDone({ setResult }) {
        if (!answer.isTooLarge()) return
        const error = tooLarge()
        setResult({ errors: [new GraphQLError(error.message, { originalError: error, extensions: error.extensions })] })
      },
    }
  },
}
