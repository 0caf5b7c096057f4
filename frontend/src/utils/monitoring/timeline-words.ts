import type { TimelineKind } from '../../graphql/generated/graphql.ts'
import type { TimelineItem } from '../../graphql/items.ts'
import { plural } from '../shared/format.ts'
import { exactTime } from '../shared/time.ts'

type Entry = TimelineItem['entries'][number]

const containerWords: Record<string, string> = {
  created: 'was created',
  started: 'started',
  restarted: 'was restarted',
  paused: 'was paused',
  unpaused: 'goes on',
  exited: 'ended',
  failed: 'ended',
  'out-of-memory': 'ran out of memory',
  removed: 'was removed',
  healthy: 'became healthy',
  unhealthy: 'became unhealthy',
}

const operationNames: Record<string, string> = {
  create: 'Creating it',
  update: 'Updating it',
  start: 'Starting it',
  stop: 'Stopping it',
  restart: 'Restarting it',
  rollback: 'Rolling it back',
  restore_volumes: 'Restoring its volumes',
  update_images: 'Updating its images',
  import: 'Importing it',
  recreate: 'Making it again',
  remove: 'Removing it',
  pull_image: 'Pulling an image',
}

const outcomes: Record<string, string> = { healthy: 'healthy', failed: 'failed', rolled_back: 'went back', pending: 'no verdict yet' }

const often = ({ times, until }: Entry): string =>
  times > 1 ? `, ${plural(times, 'time')}${until ? ` until ${exactTime(until)}` : ''}` : ''
const because = (detail: string | null | undefined): string => (detail ? `: ${detail}` : '')

/** `update: reason` is how nodes tell which operation it was, and why it failed. */
function operationWords({ what, detail }: Entry): string {
  const [kind = '', ...reason] = (detail ?? '').split(': ')
  return `${operationNames[kind] ?? 'An operation'} ${what}${because(reason.join(': '))}`
}

const plainWords: Record<string, string> = {
  'docker away': 'Docker stopped answering',
  'docker answers': 'Docker answers again',
  'storage cannot-save': 'The node can save nothing',
  'storage saves-again': 'The node saves again',
  'program started': 'Selfhostly started',
  'program stopped': 'Selfhostly stopped',
}

function wordsOf(entry: Entry): string {
  const { kind, what, name, detail } = entry
  switch (kind) {
    case 'CONTAINER':
      return `${name ?? 'a container'}${detail ? `: ${uncapitalized(detail)}` : ` ${containerWords[what] ?? what}`}${often(entry)}`
    case 'OPERATION':
      return operationWords(entry)
    case 'DEPLOY':
      return `${detail ?? 'a version'} deployed (${outcomes[what] ?? what})`
    case 'STATUS':
      return `now ${what}${because(detail)}${often(entry)}`
    case 'NODE':
      return `The node is ${what}${because(detail)}`
    default:
      return `${plainWords[`${kind.toLowerCase()} ${what}`] ?? what}${because(detail)}${often(entry)}`
  }
}

/** What happened, such as `shop: web was restarted, 12 times`. @param withApp whether it is between those of other apps */
export const timelineWords = (entry: Entry, withApp: boolean): string =>
  withApp && entry.app ? `${entry.app}: ${wordsOf(entry)}` : entry.kind === 'CONTAINER' ? wordsOf(entry) : capitalized(wordsOf(entry))

const uncapitalized = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

export const timelineIcons: Record<TimelineKind, string> = {
  CONTAINER: 'i-lucide-container',
  OPERATION: 'i-lucide-play',
  DEPLOY: 'i-lucide-rocket',
  STATUS: 'i-lucide-heart-pulse',
  DOCKER: 'i-lucide-container',
  STORAGE: 'i-lucide-hard-drive',
  PROGRAM: 'i-lucide-power',
  NODE: 'i-lucide-server',
  UNKNOWN: 'i-lucide-circle',
}

const bad = new Set([
  'failed',
  'error',
  'degraded',
  'unhealthy',
  'out-of-memory',
  'away',
  'cannot-save',
  'offline',
  'unreachable',
  'rolled_back',
])

/** Whether it is what someone who looks for a cause looks for. */
export const isTrouble = ({ what }: Pick<Entry, 'what'>): boolean => bad.has(what)
