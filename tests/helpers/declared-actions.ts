import type { Action } from '../../api/auth/action.ts'
import { schema } from '../../schema/index.ts'
import { actionOf } from '../../schema/refusal.ts'
import { graphqlFields } from './sample-document.ts'

/** The action that each mutation declares, by the mutation's name. */
export const mutationActions: ReadonlyMap<string, Action> = new Map(
  Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap((field) => {
    const action = actionOf(field)
    return action ? [[field.name, action]] : []
  }),
)

/** Routes that do what a mutation does but are not named like it. */
const sameAs: Record<string, string> = {
  'POST /api/nodes': 'registerNode',
  'POST /api/apps': 'createApp',
  'POST /api/compose-projects/import': 'importApp',
  'POST /api/networks': 'createNetwork',
  'POST /api/nodes/:id/containers/:container_id/action': 'containerAction',
  'POST /api/nodes/:id/images/pull': 'pullImage',
  'DELETE /api/nodes/:id/images/:thing_id': 'removeImage',
  'DELETE /api/nodes/:id/volumes/:thing_id': 'removeVolume',
  'DELETE /api/nodes/:id/networks/:thing_id': 'removeNetwork',
  'POST /api/nodes/:id/prune': 'prune',
  'PUT /api/users/:id': 'updateUser',
  'DELETE /api/users/:id': 'removeUser',
  'DELETE /api/users/:id/sessions': 'endUserSessions',
  'DELETE /api/users/:id/second-factor': 'resetSecondFactor',
  'POST /api/invitations': 'inviteUser',
  'DELETE /api/invitations/:id': 'withdrawInvitation',
  'PUT /api/settings': 'updateSettings',
  'POST /api/backups': 'makeBackup',
  'PUT /api/apps/:id/schedules': 'setAppSchedules',
  'PUT /api/apps/:id/auto-update': 'setAutoUpdate',
  'POST /api/apps/:id/images': 'updateImages',
  'POST /api/notification-channels': 'createNotificationChannel',
  'PUT /api/notification-channels/:id': 'updateNotificationChannel',
  'DELETE /api/notification-channels/:id': 'removeNotificationChannel',
  'POST /api/notification-channels/:id/test': 'testNotificationChannel',
  'POST /api/apps/:id/restore-volumes': 'restoreVolumes',
}
const verbs: Record<string, string> = { PUT: 'update', DELETE: 'remove' }

/** The mutation that a REST route is another way to: `POST /api/apps/:id/stop` is `stopApp`, `PUT /api/apps/:id` is `updateApp`. */
function mutationLike(route: string): string | undefined {
  const [, method = '', thing = '', verb = verbs[method]] =
    /^(POST|PUT|DELETE) \/api\/(app|node|operation)s\/:id(?:\/(\w+))?$/.exec(route) ?? []
  return sameAs[route] ?? (verb && `${verb}${thing.charAt(0).toUpperCase()}${thing.slice(1)}`)
}

/** The action that an operation takes, such as `mutation stopApp` or `POST /api/apps/:id/stop`. Undefined for what only reads. */
export function actionTakenBy(operation: string): Action | undefined {
  const mutation = operation.startsWith('mutation ') ? operation.slice('mutation '.length) : mutationLike(operation)
  return mutation === undefined ? undefined : mutationActions.get(mutation)
}

export const mutationNames = (): string[] => graphqlFields().flatMap((field) => (field.startsWith('mutation ') ? field.slice(9) : []))
