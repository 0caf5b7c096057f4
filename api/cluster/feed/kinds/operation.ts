import { z } from 'zod'
import type { Operation } from '../../../apps/operation.ts'
import { readOperation } from '../../../wire.ts'
import { keyOf, nameOf, readingOf, shaped, type FeedKind } from '../feed-kind.ts'

export interface OperationEvent {
  type: 'operation'
  operation: Operation
}

/** An operation as it is now. */
export const operation: FeedKind<OperationEvent> = {
  read: shaped(z.object({ operation: z.unknown() }), ({ operation }) => {
    const [key, name] = [keyOf('operation', operation), nameOf('operation', operation)]
    return readingOf(key, name, readOperation(operation), (operation): OperationEvent => ({ type: 'operation', operation }))
  }),
  keyOf: ({ operation }) => `operation ${operation.id}`,
  apply: (nodeId, { operation }, things) => things.putOperation(nodeId, operation),
}
