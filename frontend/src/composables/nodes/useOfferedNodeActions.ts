import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { NodeItem } from '../../graphql/items.ts'
import { usePermissions } from '../shared/usePermissions.ts'
import { useServerInfo } from '../shared/useServerInfo.ts'
import { nodeActions } from './node-actions.ts'
import type { NodeAction } from './node-action.ts'
import type { NodeActionName } from './node-actions.ts'

export type OfferedNodeAction = NodeAction & { name: NodeActionName }

/** The actions that the viewer may take on a node now, in the order of the menu. */
export function useOfferedNodeActions(node: MaybeRefOrGetter<NodeItem>) {
  const { can } = usePermissions()
  const { isSecondary } = useServerInfo()
  return computed(() =>
    (Object.entries(nodeActions) as [NodeActionName, NodeAction][])
      .map(([name, action]): OfferedNodeAction => ({ name, ...action }))
      .filter(({ permission, applies }) => can(permission) && (applies?.(toValue(node), isSecondary.value) ?? true)),
  )
}
