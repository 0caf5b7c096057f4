import type { OperationItem } from '../../graphql/items.ts'

/**
 * The operation that last gave the app's Compose file to Compose. A changed description is an update too, but runs nothing.
 * @param operations newest first
 */
export const newestDeployment = (operations: OperationItem[]): OperationItem | undefined =>
  operations.find(({ kind, output, warnings }) => deployKinds.has(kind) && output.length + warnings.length > 0)

const deployKinds = new Set<OperationItem['kind']>(['CREATE', 'UPDATE', 'START'])
