import { getArgumentValues, type GraphQLResolveInfo } from 'graphql'
import type { AuditedAction } from '../api/auth/audit-log.ts'

/** Audit log names for mutations. `user-api.ts` writes the same names for allowed calls. */
const actions: Partial<Record<string, string>> = {
  registerNode: 'node.register',
  updateNode: 'node.update',
  removeNode: 'node.remove',
  checkNode: 'node.check',
  rotateNodeKey: 'node.rotate-key',
  changePrimaryUrl: 'cluster.primary-url',
  cordonNode: 'node.cordon',
  uncordonNode: 'node.uncordon',
  startMaintenance: 'node.maintenance.start',
  endMaintenance: 'node.maintenance.end',
  createApp: 'app.create',
  updateApp: 'app.update',
  startApp: 'app.start',
  stopApp: 'app.stop',
  removeApp: 'app.remove',
  cancelOperation: 'operation.cancel',
  updateSettings: 'settings.update',
  removeUser: 'user.remove',
  createJoinToken: 'join-token.create',
  revokeJoinToken: 'join-token.revoke',
  createApiToken: 'token.create',
  revokeApiToken: 'token.revoke',
  revokeSession: 'session.revoke',
  signOutEverywhere: 'session.revoke-all',
}

interface Named {
  id?: string
  nodeId?: string
  input?: { id?: string; name?: string }
}

/** What a refused caller tried: the action, and its target as far as the call names it. */
export function refusedAction({ parentType, fieldName, fieldNodes, variableValues }: GraphQLResolveInfo): AuditedAction {
  const action = actions[fieldName] ?? fieldName
  const [field, node] = [parentType.getFields()[fieldName], fieldNodes[0]]
  const { id, nodeId, input }: Named = field && node ? getArgumentValues(field, node, variableValues) : {}
  const named = nodeId ?? id ?? input?.id
  if (action.startsWith('node.') || action === 'app.create') return { action, nodeId: named ?? null, subject: input?.name ?? null }
  return action.startsWith('app.') ? { action, appId: id ?? null } : { action, subject: id ?? input?.name ?? null }
}
