import { appChanged, appRemoved } from '../../graphql/documents/apps.ts'
import { nodeRemoved, nodeStatusChanged } from '../../graphql/documents/nodes.ts'
import { serverChanged } from '../../graphql/documents/server.ts'
import { useEvents } from '../shared/useEvents.ts'

/** Keeps nodes, apps and this server current in the cache, for every page. */
export function useClusterUpdates(): void {
  useEvents(nodeStatusChanged, {})
  useEvents(nodeRemoved, {})
  useEvents(appChanged, {})
  useEvents(appRemoved, {})
  useEvents(serverChanged, {})
}
