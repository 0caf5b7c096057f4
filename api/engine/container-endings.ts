import pLimit from 'p-limit'
import type { ContainerInspectInfo } from 'dockerode'
import { bounds, cut, maxInt } from '../bounds.ts'
import type { EngineThings, ListedContainer, ThingEvent } from '../docker/engine-things.types.ts'
import { exitWords } from '../exit-words.ts'
import type { NodeContainer } from './thing.ts'

/** The Engine answers each within milliseconds. More at once would only queue there. */
const askedAtOnce = 4

interface Facts extends Pick<NodeContainer, 'startedAt' | 'finishedAt' | 'restartCount' | 'exitReason'> {
  /** The name of the image that it was made with. The list shows an id instead once that names another image. */
  madeWith: string | null
}
const nothingKnown: Facts = { startedAt: null, finishedAt: null, restartCount: null, exitReason: null, madeWith: null }

interface Touched {
  wasStopped: boolean
  wasKilled: boolean
  by: string | null
}

/**
 * What the Engine's list leaves out of a container: when it started and ended, how often it was restarted, and why it ended. Asked one
 * by one after an event. Remembers what only events tell: that someone stopped or killed a container.
 */
export function createContainerEndings({ things }: { things: Pick<EngineThings, 'inspect'> }) {
  const known = new Map<string, { key: string; facts: Facts }>()
  const stale = new Set<string>()
  const touched = new Map<string, Touched>()
  const limit = pLimit(askedAtOnce)

  const touch = (id: string, change: Partial<Touched>): void => {
    touched.set(id, { ...(touched.get(id) ?? { wasStopped: false, wasKilled: false, by: null }), ...change })
  }
  const keyOf = ({ state, health, exitCode }: ListedContainer): string => `${state} ${health} ${exitCode}`

  async function ask(container: ListedContainer): Promise<void> {
    stale.delete(container.id)
    try {
      const info = await things.inspect(container.id)
      if (info) known.set(container.id, { key: keyOf(container), facts: factsOf(info, touched.get(container.id)) })
    } catch {
      // One container that the Engine does not describe must not hide the others.
      stale.add(container.id)
    }
  }

  return {
    heard({ id, action, signal }: ThingEvent): void {
      stale.add(id)
      if (action === 'start') touched.delete(id)
      if (action === 'stop') touch(id, { wasStopped: true })
      // Docker stops a container with a signal of its own first; only KILL is meant to end it at once.
      if (action === 'kill' && (signal === '9' || signal === 'SIGKILL')) touch(id, { wasKilled: true })
    },

    /** Selfhostly does it, for someone. */
    actedBy: (id: string, by: string): void => touch(id, { by }),

    /** Something was done to it, and Docker makes no event of what failed. */
    doubt: (id: string): void => void stale.add(id),

    forgetAll(): void {
      for (const id of known.keys()) stale.add(id)
    },

    async complete(listed: ListedContainer[]): Promise<(id: string) => Facts> {
      const isOld = (each: ListedContainer): boolean => stale.has(each.id) || known.get(each.id)?.key !== keyOf(each)
      await Promise.all(listed.filter(isOld).map((each) => limit(ask, each)))
      const ids = new Set(listed.map(({ id }) => id))
      for (const memory of [known, touched]) for (const id of memory.keys()) if (!ids.has(id)) memory.delete(id)
      for (const id of stale) if (!ids.has(id)) stale.delete(id)
      return (id) => known.get(id)?.facts ?? nothingKnown
    },
  }
}

const hasEnded = new Set(['exited', 'dead', 'restarting'])

function factsOf(info: ContainerInspectInfo, touched: Touched | undefined): Facts {
  const { State: state, RestartCount: restarts, HostConfig: host, Config: config } = info
  const ending = {
    exitCode: state.ExitCode,
    outOfMemory: state.OOMKilled,
    ...{ wasStopped: touched?.wasStopped ?? false, wasKilled: touched?.wasKilled ?? false, by: touched?.by ?? null },
    memoryLimitBytes: limitOf(host.Memory),
  }
  // Docker's own words for a container that it could not start.
  const words = state.Error ? `Docker could not start it: ${state.Error}` : exitWords(ending)
  return {
    startedAt: momentOf(state.StartedAt),
    finishedAt: momentOf(state.FinishedAt),
    restartCount: Math.min(restarts, maxInt),
    exitReason: hasEnded.has(state.Status) || state.Error ? words : null,
    madeWith: config.Image ? cut(config.Image, bounds.container.image) : null,
  }
}

/** Docker's 0 is no limit. */
export const limitOf = (bytes = 0): number | null => (bytes > 0 ? bytes : null)

/** The Engine uses the year 1 for "never". */
function momentOf(text: string): Date | null {
  const moment = new Date(text)
  return moment.getTime() > 0 ? moment : null
}
