/** How a node may be spoken to: over links alone, over plain HTTP alone, or whichever works. */
export const connectionModes = ['auto', 'link', 'direct'] as const
export type ConnectionMode = (typeof connectionModes)[number]

/** What a node's program can do beyond what every version can; a primary asks only for what is named here. */
export const capabilities = ['link', 'key-rotation', 'primary-url', 'removal-keeps-data', 'app-versions'] as const
export type Capability = (typeof capabilities)[number]

/** What a node says of its own program, with every heartbeat and at the start of every event stream. */
export interface NodeAbout {
  version: string
  capabilities: string[]
  connection: ConnectionMode
  /** Another one at every start: tells two machines with one identity from a restart. */
  instanceId: string
  startedAt: Date
  hostname: string
}

export const versionStates = ['same', 'behind', 'ahead', 'unknown'] as const
export type VersionState = (typeof versionStates)[number]

/** Where a node's version stands against this one's: patches make no difference. */
export function versionState(theirs: string | undefined, ours: string): VersionState {
  const [a, b] = [minorOf(theirs), minorOf(ours)]
  if (a === null || b === null) return 'unknown'
  return a === b ? 'same' : a < b ? 'behind' : 'ahead'
}

/** A number that grows with major and minor. */
function minorOf(version: string | undefined): number | null {
  const parts = /^(\d{1,6})\.(\d{1,6})(?:\.|$)/.exec(version ?? '')
  return parts ? Number(parts[1]) * 1e6 + Number(parts[2]) : null
}

/** What a node's program lacks; nothing is known of one that has said nothing. */
export const missingCapabilities = (about: NodeAbout | null): Capability[] =>
  about ? capabilities.filter((capability) => !about.capabilities.includes(capability)) : []
