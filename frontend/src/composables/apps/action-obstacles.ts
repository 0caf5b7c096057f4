import type { AppItem } from '../../graphql/items.ts'
import { isUnderWay } from '../../utils/apps/app-state.ts'
import type { AppAction } from './app-actions.ts'

/** Why an action is not possible on an app now. */
export function obstacleTo({ whileUnderWay, obstacle }: AppAction, app: AppItem): string | undefined {
  if (app.node.status !== 'ONLINE') return `${app.node.name} is not online`
  if (!whileUnderWay && isUnderWay(app)) return 'Another operation is running'
  return obstacle?.(app)
}
