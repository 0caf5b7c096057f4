export interface Alarm {
  id: string
  kind: 'node-down' | 'network-suspected'
  /** Null if the alarm is not about one particular node. */
  nodeId: string | null
  message: string
  since: Date
}

/** How long a problem must last before its alarm. Longer delays every alarm, shorter raises one for each restart. */
export const settleMs = 3000
