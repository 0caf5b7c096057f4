import type { ComposePolicy } from '../../apps/compose/policy/compose-policy.ts'
import { versionState, type NodeAbout, type VersionState } from '../members/node-about.ts'
import type { Clones } from '../members/clones.ts'
import type { MisbehavingNodes } from '../limits/misbehavior.ts'
import type { ClusterNode } from '../members/node-registry.ts'
import type { UnreadThings } from './unreadable.ts'

export const conditionTypes = [
  'cloned',
  'cannot-save',
  'no-docker',
  'policy-off',
  'key-old',
  'version-behind',
  'version-ahead',
  'link-only',
  'misbehaves',
  'unreadable',
] as const
export type ConditionType = (typeof conditionTypes)[number]

/** Something people should know about a node besides its health. */
export interface NodeCondition {
  type: ConditionType
  message: string
  since: Date
}

/** @param known what other parts of the primary know about this node */
export function conditionsOf(
  node: ClusterNode,
  known: {
    copy: ReturnType<Clones['copyOf']>
    linkOnlySince: Date | undefined
    keyOverdue: { since: Date; maxAgeDays: number; failure: string | undefined } | null
    misbehavior: ReturnType<MisbehavingNodes['of']>
    unread: ReturnType<UnreadThings['of']>
    /** As the node itself said last. */
    storage: { reason: string; since: Date } | null
    /** Why Docker does not answer there, as the node itself said last, and since when. */
    dockerAway: { reason: string; since: Date } | null
    composePolicy: ComposePolicy | null
    ourVersion: string
  },
): NodeCondition[] {
  const found: NodeCondition[] = []
  if (known.copy) {
    const [one, other] = known.copy.machines.map(({ hostname, address }) => `${hostname || 'unnamed'} (${address})`)
    const message = `Two machines use this node's identity: ${one} and ${other}. Delete identity.json from the copy's data folder and restart it`
    found.push({ type: 'cloned', message, since: known.copy.since })
  }
  if (known.storage)
    found.push({ type: 'cannot-save', message: `It cannot save anything: ${known.storage.reason}`, since: known.storage.since })
  if (known.dockerAway) found.push({ type: 'no-docker', message: dockerInWords(known.dockerAway.reason), since: known.dockerAway.since })
  // A setting, which holds from its start on.
  if (known.composePolicy === 'open') found.push({ type: 'policy-off', message: policyOff, since: node.about?.startedAt ?? node.createdAt })
  if (known.keyOverdue) {
    const { since, maxAgeDays, failure } = known.keyOverdue
    const message = `The node's key is older than ${maxAgeDays} days and could not be changed${failure ? `: ${failure}` : ' yet'}`
    found.push({ type: 'key-old', message, since })
  }
  const { about } = node
  const state = versionState(about?.version, known.ourVersion)
  found.push(...versionCondition(about, state, known.ourVersion))
  if (about?.connection === 'auto' && known.linkOnlySince) {
    const message = `The primary cannot reach ${node.apiEndpoint}. All traffic goes over the node's link`
    found.push({ type: 'link-only', message, since: known.linkOnlySince })
  }
  if (known.misbehavior) found.push({ type: 'misbehaves', message: `It ${known.misbehavior.what}`, since: known.misbehavior.since })
  if (known.unread) found.push({ type: 'unreadable', message: unreadInWords(known.unread.things, state), since: known.unread.since })
  return found
}

function versionCondition(about: NodeAbout | null, state: VersionState, ourVersion: string): NodeCondition[] {
  if (!about) return []
  const { version, startedAt: since } = about
  if (state === 'behind') return [{ type: 'version-behind', message: `Runs ${version}. This primary runs ${ourVersion}`, since }]
  if (state !== 'ahead') return []
  const message = `Runs ${version}, which is newer than this primary's ${ourVersion}. Update the primary first`
  return [{ type: 'version-ahead', message, since }]
}

const policyOff = 'Its safety policy for apps is off (COMPOSE_POLICY=open): whoever may change apps there controls the machine'

/** Most of the reasons name Docker themselves. */
const dockerInWords = (reason: string): string =>
  reason === '' ? 'Docker does not answer' : reason.startsWith('Docker ') ? reason : `Docker does not answer: ${reason}`

/** Only this many are named, the rest counted. Usually they share one cause. */
const mostNamed = 3

function unreadInWords(things: string[], state: VersionState): string {
  const named = things.slice(0, mostNamed).join('; ')
  const others = things.length > mostNamed ? `; and ${things.length - mostNamed} more` : ''
  const advice = { behind: '. Update the node', ahead: '. Update this primary', same: '', unknown: '' }[state]
  return `Some of what the node sends cannot be read and is not shown: ${named}${others}${advice}`
}
