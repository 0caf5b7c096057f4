import { versionState, type VersionState } from './about.ts'
import type { Clones } from './clones.ts'
import type { Misconduct } from './misconduct.ts'
import type { ClusterNode } from './node-registry.ts'
import type { UnreadThings } from './unread.ts'

export const conditionTypes = ['cloned', 'key-old', 'version-behind', 'version-ahead', 'link-only', 'misbehaves', 'unreadable'] as const
export type ConditionType = (typeof conditionTypes)[number]

/** What a person should know of a node beside its health. */
export interface NodeCondition {
  type: ConditionType
  message: string
  since: Date
}

/** @param known what the rest of the primary knows of this node */
export function conditionsOf(
  node: ClusterNode,
  known: {
    copy: ReturnType<Clones['copyOf']>
    linkOnlySince: Date | undefined
    keyOverdue: { since: Date; maxAgeDays: number; failure: string | undefined } | null
    misconduct: ReturnType<Misconduct['of']>
    unread: ReturnType<UnreadThings['of']>
    ourVersion: string
  },
): NodeCondition[] {
  const found: NodeCondition[] = []
  if (known.copy) {
    const [one, other] = known.copy.machines.map(({ hostname, address }) => `${hostname || 'unnamed'} (${address})`)
    const message = `Two machines use the identity of this node: ${one} and ${other}. Remove identity.json from the data folder of the copy and start it again`
    found.push({ type: 'cloned', message, since: known.copy.since })
  }
  if (known.keyOverdue) {
    const { since, maxAgeDays, failure } = known.keyOverdue
    const message = `Its key is older than ${maxAgeDays} days and could not be changed${failure ? `: ${failure}` : ' yet'}`
    found.push({ type: 'key-old', message, since })
  }
  const { about } = node
  const state = versionState(about?.version, known.ourVersion)
  if (about && state === 'behind')
    found.push({ type: 'version-behind', message: `Runs ${about.version}; this primary runs ${known.ourVersion}`, since: about.startedAt })
  if (about && state === 'ahead') {
    const message = `Runs ${about.version}, which is newer than this primary's ${known.ourVersion}. Update the primary first`
    found.push({ type: 'version-ahead', message, since: about.startedAt })
  }
  if (about?.connection === 'auto' && known.linkOnlySince) {
    const message = `Cannot be reached at ${node.apiEndpoint} from here; everything goes over its link`
    found.push({ type: 'link-only', message, since: known.linkOnlySince })
  }
  if (known.misconduct) found.push({ type: 'misbehaves', message: `It ${known.misconduct.what}`, since: known.misconduct.since })
  if (known.unread) found.push({ type: 'unreadable', message: unreadInWords(known.unread.things, state), since: known.unread.since })
  return found
}

/** The rest are counted: usually it is one fault in many places. */
const mostNamed = 3

function unreadInWords(things: string[], state: VersionState): string {
  const named = things.slice(0, mostNamed).join('; ')
  const others = things.length > mostNamed ? `; and ${things.length - mostNamed} more` : ''
  const advice = { behind: '. Update the node', ahead: '. Update this primary', same: '', unknown: '' }[state]
  return `This primary cannot read all that it sends, and shows the rest: ${named}${others}${advice}`
}
