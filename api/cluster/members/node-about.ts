/** How to reach a node: over its link only, over plain HTTP only, or whichever works. */
export const connectionModes = ['auto', 'link', 'direct'] as const
export type ConnectionMode = (typeof connectionModes)[number]

/** Features that not every version has. A primary uses one only with nodes that list it. */
export const capabilities = [
  'link',
  'key-rotation',
  'primary-url',
  'removal-keeps-data',
  'app-versions',
  'compose-projects',
  'app-validation',
  'image-updates',
  'durable-operations',
  'app-history',
  'health-gate',
  'app-schedules',
  'auto-update',
  'app-import',
  'app-copies',
  'files-on-disk',
  'history',
  'timeline',
  'logs',
  'engine-things',
  'terminals',
] as const
export type Capability = (typeof capabilities)[number]

/** A node says so when its setting switches terminals off, which every version with terminals can. */
export const terminalsOff = 'terminals-off'

/** What a node reports about its own program, with every heartbeat and at the start of every event stream. */
export interface NodeAbout {
  version: string
  capabilities: string[]
  connection: ConnectionMode
  /** New at every start. Tells a restart from two machines that share an identity. */
  instanceId: string
  startedAt: Date
  hostname: string
  /** What runs its commands there: `npm` in a checkout, else such as `selfhostly`. Null if it does not say. */
  program: string | null
}

export const versionStates = ['same', 'behind', 'ahead', 'unknown'] as const
export type VersionState = (typeof versionStates)[number]

/** Compares a node's version with this one. Patch levels are ignored. */
export function versionState(theirs: string | undefined, ours: string): VersionState {
  const [a, b] = [minorOf(theirs), minorOf(ours)]
  if (a === null || b === null) return 'unknown'
  return a === b ? 'same' : a < b ? 'behind' : 'ahead'
}

/** Major and minor as one number that sorts like the version. */
function minorOf(version: string | undefined): number | null {
  const parts = /^(\d{1,6})\.(\d{1,6})(?:\.|$)/.exec(version ?? '')
  return parts ? Number(parts[1]) * 1e6 + Number(parts[2]) : null
}

/** Whether a node has said that it can do this. */
export const canDo = ({ about }: { about: NodeAbout | null }, capability: Capability): boolean =>
  about?.capabilities.includes(capability) ?? false

/** The capabilities a node's program lacks. Empty for a node that has reported nothing yet. */
export const missingCapabilities = (about: NodeAbout | null): Capability[] =>
  about ? capabilities.filter((capability) => !about.capabilities.includes(capability)) : []
