import type { NodeHealth } from './node-status.ts'

/** Why a node that is not online cannot be used: "worker-1 is offline: ...". */
export const statusInWords = ({ name, health }: { name: string; health: Pick<NodeHealth, 'status' | 'statusReason'> }): string =>
  `${name} is ${health.status}: ${health.statusReason ?? 'it does not answer'}`
