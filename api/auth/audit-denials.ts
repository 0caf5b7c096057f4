import type { Clock } from '../clock.ts'
import { placeOf } from './rate-limits.ts'

/** Refusals per actor and window that get their own line: enough to see what was tried. */
const linesPerActor = 20
/** The same for all actors together, so that many addresses cannot flood the log. */
const linesInAll = 300
const windowMs = 10 * 60 * 1000
/** Actors counted by name in one window. The rest are counted together. */
const mostActors = 50
/** Actions that a summary names. The rest are counted as others. */
const mostActions = 5

interface Refused {
  actor: { name: string; via: string; address: string }
  lines: number
  /** Refusals without a line, by action. */
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
 * Decides which refusals get their own line in the audit log. Anyone can cause any number of refusals, so beyond a budget they
 * are only counted, and one line per actor gives the total when the window ends.
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
    /** Whether this refusal gets its own line. If not, it is counted. */
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

    /** Returns the summaries of windows that have ended. `all` ends the current window too. */
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
