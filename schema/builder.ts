import SchemaBuilder from '@pothos/core'
import ComplexityPlugin, { type ComplexityErrorKind } from '@pothos/plugin-complexity'
import RelayPlugin from '@pothos/plugin-relay'
import ScopeAuthPlugin, { type ForbiddenResult } from '@pothos/plugin-scope-auth'
import { may, refusalWords, type Caller } from '../api/auth/caller.ts'
import type { Permission } from '../api/auth/permissions.ts'
import { AppError } from '../api/errors.ts'
import type { Action } from '../api/auth/action.ts'
import type { UserApi } from '../api/user/user-api.ts'
import type { AnswerSize } from './answer-size.ts'
import { refusedCall } from './refusal.ts'

export interface Context {
  /** What the caller can see and do. Resolvers get nothing else, so none can show too much. */
  user: UserApi
  /** The size of the answer so far. */
  answer: AnswerSize
  /** Aborts when the caller of an HTTP request leaves. */
  signal?: AbortSignal | undefined
  /** Over a WebSocket: resolves when the client has received nearly all that this subscription sent. */
  received?: (() => Promise<void>) | undefined
}

/** The connection field already counts its items. Counted again as lists, each would cost as much as five. */
const oncePerItem = { field: 1, multiplier: 1 }

/** The only place where plugins and scalars are set up. */
export const builder = new SchemaBuilder<{
  Context: Context
  AuthScopes: { may: Permission }
  DefaultFieldNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    BigInt: { Input: number; Output: number }
  }
}>({
  // Authorization goes first, so that a forbidden field is never resolved.
  plugins: [ScopeAuthPlugin, RelayPlugin, ComplexityPlugin],
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: ({ user }) => ({ may: (permission) => may(user.caller, permission) }),
    unauthorizedError: (_root, { user }, info, result) => {
      const message = refusal(result, user.caller)
      const call = refusedCall(info)
      if (call) user.noteRefusal(call.action, call.named, message)
      return new AppError('FORBIDDEN', message)
    },
  },
  defaultFieldNullability: false,
  complexity: {
    defaultComplexity: 1,
    // For lists such as containers and ports. Connections set their own cost.
    defaultListMultiplier: 5,
    limit: { complexity: 150_000, depth: 15, breadth: 800 },
    complexityError: (kind, result) =>
      new AppError('INVALID_INPUT', `query: its ${kind.toLowerCase()} of ${result[lowerKind(kind)]} is too high. Ask for less at once`),
  },
  relay: {
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    // `Node` is a machine here.
    nodeTypeOptions: { name: 'RelayNode' },
    nodesOnConnection: { complexity: oncePerItem },
    edgesFieldOptions: { complexity: oncePerItem },
    cursorType: 'String',
    firstArgOptions: { description: '1 to 500. Default: 50.' },
  },
})

builder.scalarType('DateTime', {
  description: 'A date and time in ISO 8601, in UTC.',
  serialize: (value) => value.toISOString(),
  parseValue(value) {
    const date = new Date(typeof value === 'string' ? value : Number.NaN)
    if (Number.isNaN(date.getTime())) throw new TypeError('must be a date and time in ISO 8601')
    return date
  },
})

builder.scalarType('BigInt', {
  description: 'A whole number that can exceed 32 bits, such as a number of bytes. Sent as a JSON number.',
  serialize: (value) => Math.round(value),
  parseValue(value) {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new TypeError('must be a whole number')
    return value
  },
})

const lowerKind = (kind: ComplexityErrorKind): 'complexity' | 'depth' | 'breadth' =>
  kind.toLowerCase() as 'complexity' | 'depth' | 'breadth'

/** The message that names the missing permission. */
function refusal({ failure }: ForbiddenResult, caller: Caller): string {
  const permission = missing(failure)
  return permission ? refusalWords(caller, permission) : 'You are not allowed to do this'
}

/** A field's scopes fail one by one, or as a group in which one would have been enough. */
function missing(failure: ForbiddenResult['failure']): Permission | undefined {
  if ('failures' in failure) return failure.failures.map(missing).find((permission) => permission !== undefined)
  return 'parameter' in failure ? (failure.parameter as Permission) : undefined
}

// Closed by default: mutations need an admin and reads need a known caller, unless a field sets its own permission.
builder.queryType({ authScopes: { may: 'cluster.read' } })
builder.mutationType({ authScopes: { may: 'node.change' } })
builder.subscriptionType({ authScopes: { may: 'cluster.read' } })
builder.globalConnectionField('totalCount', (t) =>
  t.int({ resolve: (connection) => (connection as unknown as { totalCount: number }).totalCount }),
)

/** Options for a root field: the permission it needs, in place of its type's. */
export const permission = (name: Permission) => ({ authScopes: { may: name }, skipTypeScopes: true })

/** Options for a mutation: the action that it takes, which says who can call it and what the audit log calls it. */
export const action = (declared: Action) => ({ ...permission(declared.permission), extensions: { action: declared } })

/** A text that can have hundreds of kilobytes costs as much as fifty small values. */
export const costOfText = 50

/** The cost of a connection: one per item it can return. */
export const costOfPage = ({ first, last }: { first?: number | null; last?: number | null }) => ({
  field: 1,
  multiplier: Math.max(1, first ?? last ?? 50),
})
