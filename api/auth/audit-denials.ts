import type { Clock } from '../clock.ts'
import { placeOf } from './limits.ts'

/** Lines of their own that one actor's refusals get within a window: enough to see what was tried. */
const linesPerActor = 20
/** And all actors together, so that many addresses do not add up. */
const linesInAll = 300
const windowMs = 10 * 60 * 1000
/** Actors who are counted by name in one window; the rest are counted together. */
const mostActors = 50
/** Kinds of actions that a summary names. */
const mostActions = 5

interface Refused {
  actor: { name: string; via: string; address: string }
  lines: number
  /** By action: how many got no line. */
  unwritten: Map<string, number>
}

export interface DenialSummary {
  actor: Refused['actor']
  count: number
  /** Such as `app.remove 930, node.remove 40`. */
  actions: string
  since: Date
}

export type AuditDenials = ReturnType<typeof createAuditDenials>

/**
 * How many refusals the audit log writes one by one. Anybody may be refused as often as they like, so beyond a budget they are
 * counted, and one line per actor says at the end of the window how many there were.
 */
export function createAuditDenials({ clock }: { clock: Clock }) {
  let began = clock.now()
  let written = 0
  let actors = new Map<string, Refused>()
  let due: DenialSummary[] = []

  function close(): void {
    for (const { actor, unwritten } of actors.values()) {
      if (unwritten.size === 0) continue
      const count = [...unwritten.values()].reduce((sum, each) => sum + each, 0)
      due.push({ actor, count, actions: inWords(unwritten), since: began })
    }
    actors = new Map()
    written = 0
  }

  function roll(): void {
    if (clock.now().getTime() - began.getTime() < windowMs) return
    close()
    began = clock.now()
  }

  function countsOf(actor: Refused['actor']): Refused {
    const key = `${actor.via} ${actor.name} ${placeOf(actor.address)}`
    const known = actors.get(key) ?? (actors.size >= mostActors ? actors.get('') : undefined)
    if (known) return known
    const isNamed = actors.size < mostActors
    const made = {
      actor: isNamed ? actor : { name: 'others', via: 'several', address: '' },
      lines: 0,
      unwritten: new Map<string, number>(),
    }
    actors.set(isNamed ? key : '', made)
    return made
  }

  return {
    /** Whether this refusal gets a line of its own; it is counted if not. */
    admits(actor: Refused['actor'], action: string): boolean {
      roll()
      const counts = countsOf(actor)
      if (counts.lines < linesPerActor && written < linesInAll) {
        counts.lines += 1
        written += 1
        return true
      }
      counts.unwritten.set(action, (counts.unwritten.get(action) ?? 0) + 1)
      return false
    },

    /** What is to be written of windows that are over; with `all` of the one that is not as well. */
    takeSummaries({ all = false } = {}): DenialSummary[] {
      roll()
      if (all) close()
      const taken = due
      due = []
      return taken
    },
  }
}

function inWords(unwritten: Map<string, number>): string {
  const sorted = [...unwritten].sort(([, a], [, b]) => b - a)
  const rest = sorted.slice(mostActions).reduce((sum, [, count]) => sum + count, 0)
  return [...sorted.slice(0, mostActions).map(([action, count]) => `${action} ${count}`), ...(rest > 0 ? [`others ${rest}`] : [])].join(
    ', ',
  )
}
