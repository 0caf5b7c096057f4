import type { ConnectionMode, NodeAbout } from './node-about.ts'
import type { NodeHold } from './hold-rules.ts'
import type { NodeHealth } from './node-status.ts'

/** A node of the cluster, as the registry knows it. */
export interface ClusterNode {
  id: string
  name: string
  apiEndpoint: string
  isPrimary: boolean
  /** Key-value pairs that people group nodes by, such as `env=lab`. */
  labels: Record<string, string>
  /** What it last reported about its program. Null until it reports. */
  about: NodeAbout | null
  /** If set, the node takes no new apps. */
  cordon: NodeHold | null
  /** If set, the node raises no alarms. */
  maintenance: NodeHold | null
  /** Null for the primary itself. */
  keyChangedAt: Date | null
  createdAt: Date
  updatedAt: Date
  health: NodeHealth
}

/** How to reach a node. Holds its key: never show or log this. */
export interface NodeAddress {
  id: string
  name: string
  apiEndpoint: string
  apiKey: string
  /** The connection mode the node reported. Until it is known, plain HTTP is used. */
  connection?: ConnectionMode | undefined
}
