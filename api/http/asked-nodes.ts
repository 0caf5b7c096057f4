import type { z } from '@hono/zod-openapi'
import { hasLabels } from '../cluster/members/labels.ts'
import type { UserApi } from '../user/user-api.ts'
import { listOf, type nodeIdsQuery } from './route-parts.ts'

/** The ids of the nodes that a query names, by id or by label, unknown ones included. Without either, all that the caller sees. */
export function askedNodes(user: UserApi, { node_ids: named, labels }: z.output<typeof nodeIdsQuery>): string[] {
  const labelled = user.nodes.list().flatMap((node) => (hasLabels(node.labels, labels) ? node.id : []))
  return listOf(named)?.filter((id) => !labels || labelled.includes(id)) ?? labelled
}
