import type { ThingUserItem } from '../../graphql/items.ts'

/** What images, volumes and networks have in common. */
export interface RemovableItem {
  id: string
  nodeId?: string | null
  project?: string | null
  appId?: string | null
  appName?: string | null
  usedBy: ThingUserItem[]
  usedByCount: number
}
