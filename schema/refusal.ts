import { getArgumentValues, type GraphQLResolveInfo } from 'graphql'
import type { Action, Named } from '../api/auth/action.ts'

interface Arguments {
  id?: string
  nodeId?: string
  input?: { id?: string; name?: string }
}

/** What a refused caller tried: the mutation's action, and its target as far as the call names it. Null for everything but mutations. */
export function refusedCall({
  parentType,
  fieldName,
  fieldNodes,
  variableValues,
}: GraphQLResolveInfo): { action: Action; named: Named } | null {
  const [field, node] = [parentType.getFields()[fieldName], fieldNodes[0]]
  const action = field && actionOf(field)
  if (!action || !node) return null
  const { id, nodeId, input }: Arguments = getArgumentValues(field, node, variableValues)
  return { action, named: { id: nodeId ?? id ?? input?.id, subject: input?.name } }
}

/** The action that a mutation declares. */
export const actionOf = ({ extensions }: { extensions: { action?: Action } }): Action | undefined => extensions.action
