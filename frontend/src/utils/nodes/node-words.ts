import type { NodeConnectionMode, NodeStatusSignal, NodeVersionState } from '../../graphql/generated/graphql.ts'
import type { NodeItem } from '../../graphql/items.ts'
import { plural } from '../shared/format.ts'

/** What set a node's status, in words for the middle of a sentence. */
export const signalWords: Record<NodeStatusSignal, string> = {
  REGISTRATION: 'set when it was registered',
  HEARTBEAT: 'detected by its heartbeat',
  CHECK: 'detected by a health check',
  MANUAL_CHECK: 'detected by an unscheduled check',
  SESSION: 'detected by its session',
  SELF: 'reported by this server itself',
}

export const modeWords: Record<NodeConnectionMode, string> = {
  AUTO: 'Direct if reachable, otherwise over its link',
  LINK: 'Link only: the node connects to this primary',
  DIRECT: 'Direct only: this primary connects to the node',
}

/** A capability in words. */
export const capabilityWords = (capability: string): string =>
  ({
    link: 'links',
    'key-rotation': 'key rotation',
    'primary-url': "changing the primary's URL",
    'removal-keeps-data': 'removing apps without their data',
    'image-updates': 'updates of images',
    'app-schedules': 'schedules of apps',
    'auto-update': 'automatic image updates',
    'files-on-disk': 'noticing changed files on disk',
    'app-copies': 'making apps again on another node',
    logs: 'logs of apps and containers',
    'engine-things': 'lists of containers, images, volumes and networks',
    terminals: 'terminals in containers',
    'app-import': 'making apps of Compose projects that run already',
    'app-versions': 'refusing to overwrite a newer edit of an app',
    'app-validation': 'checking drafts of apps',
    'app-history': "an app's files, environment and versions",
    history: 'charts of what it used',
    timeline: 'what happened on it and to its apps',
    'health-gate': 'deploys that go back by themselves, and copies of volumes',
  })[capability] ?? capability

/** Such as `1 minor version behind 1.4.0`. Undefined if the versions match or are unknown. */
export function versionWords(version: string | null | undefined, ours: string | undefined, state: NodeVersionState): string | undefined {
  if (!version || !ours || (state !== 'BEHIND' && state !== 'AHEAD')) return undefined
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [ourMajor = 0, ourMinor = 0] = ours.split('.').map(Number)
  const apart =
    major === ourMajor ? plural(Math.abs(minor - ourMinor), 'minor version') : plural(Math.abs(major - ourMajor), 'major version')
  return state === 'BEHIND' ? `${apart} behind ${ours}` : `${apart} ahead of ${ours}`
}

/** Whether new apps can be created on it. */
export const takesApps = ({ status, cordon }: Pick<NodeItem, 'status' | 'cordon'>): boolean => status === 'ONLINE' && !cordon

/** How the node's events reach this server, whose own node has the id `ownId`. */
export function sessionInWords({ id, session }: Pick<NodeItem, 'id' | 'session'>, ownId: string | undefined): string {
  if (id === ownId) return 'local'
  return session ? (session.transport === 'LINK' ? 'over link' : 'direct') : 'none'
}
