import pLimit from 'p-limit'
import type { Clock } from '../clock.ts'
import type { ContainerDetails, ContainerEvent, Engine, EngineContainer } from '../docker/engine.types.ts'
import type { ContainerFacts } from './container-facts.ts'

/** The Engine answers each within milliseconds. More at once would only queue there. */
const askedAtOnce = 8

export type WatchedContainer = EngineContainer & ContainerFacts

interface Known extends ContainerDetails {
  listedState: EngineContainer['state']
  upSince: Date | null
  firstUpSince: Date | null
  healthySince: Date | null
  lastRunMs: number | null
}

/**
 * Container details that the Engine's list leaves out, requested one by one when an event or the list shows a change. Also
 * remembers what only events report: that someone stopped a container, and the last exit code.
 */
export function createContainerDetails({ engine, clock }: { engine: Pick<Engine, 'details'>; clock: Clock }) {
  const known = new Map<string, Known>()
  const stale = new Set<string>()
  const stopped = new Set<string>()
  const exitCodes = new Map<string, number>()
  const limit = pLimit(askedAtOnce)

  async function ask(container: EngineContainer): Promise<void> {
    stale.delete(container.id)
    const found = await engine.details(container.id).catch((error: unknown) => {
      stale.add(container.id)
      throw error
    })
    if (!found) return
    const before = known.get(container.id)
    const run = runOf(found, before, clock.now())
    known.set(container.id, { ...found, ...run, ...agesOf(found, run, before, clock.now()), listedState: container.state })
  }

  function withFacts(container: EngineContainer): WatchedContainer {
    const details = known.get(container.id)
    const state = details?.state ?? container.state
    const ended = state === 'exited' || state === 'dead' || state === 'restarting'
    const isBehind = state !== container.state
    const exitCode = isBehind ? (ended ? (details?.exitCode ?? null) : null) : container.exitCode
    return {
      ...container,
      image: details?.image || container.image,
      state,
      health: details ? details.health : container.health,
      statusText: isBehind ? wordsOf(state, exitCode) : container.statusText,
      exitCode,
      startedAt: details?.startedAt ?? null,
      finishedAt: details?.finishedAt ?? null,
      restartCount: details?.restartCount ?? null,
      restartPolicy: details?.restartPolicy ?? null,
      upSince: details?.upSince ?? null,
      firstUpSince: details?.firstUpSince ?? null,
      healthySince: details?.healthySince ?? null,
      longestCheckMs: details?.longestCheckMs ?? null,
      lastRunMs: details?.lastRunMs ?? null,
      outOfMemory: details?.outOfMemory ?? false,
      startError: details?.startError ?? null,
      wasStopped: stopped.has(container.id),
      lastExitCode: exitCodes.get(container.id) ?? null,
    }
  }

  return {
    heard({ containerId, action, exitCode }: ContainerEvent): void {
      stale.add(containerId)
      if (action === 'stop') stopped.add(containerId)
      if (action === 'start') stopped.delete(containerId)
      if (exitCode !== null) exitCodes.set(containerId, exitCode)
    },

    /** Marks all details as out of date, because events may have been missed. */
    forgetAll(): void {
      for (const id of known.keys()) stale.add(id)
    },

    /** Restores stopped containers known from an earlier run of this program, whose events are gone. */
    restoreStopped: (ids: Iterable<string>): void => [...ids].forEach((id) => stopped.add(id)),

    /** @param isFollowed selects the containers whose details are needed */
    async complete(listed: EngineContainer[], isFollowed: (container: EngineContainer) => boolean): Promise<WatchedContainer[]> {
      // A start that fails leaves its reason in a container that stays as it was, and no event says so.
      const isOld = ({ id, state }: EngineContainer): boolean =>
        stale.has(id) || state === 'created' || known.get(id)?.listedState !== state
      await Promise.all(listed.filter((each) => isFollowed(each) && isOld(each)).map((each) => limit(ask, each)))
      const ids = new Set(listed.map(({ id }) => id))
      for (const memory of [known, exitCodes]) for (const id of memory.keys()) if (!ids.has(id)) memory.delete(id)
      for (const memory of [stale, stopped]) for (const id of memory) if (!ids.has(id)) memory.delete(id)
      return listed.map(withFacts)
    },
  }
}

/** The Engine's status text for a state, used while its list still shows the previous one. */
function wordsOf(state: EngineContainer['state'], exitCode: number | null): string {
  if (state === 'running') return 'Up'
  if (state === 'paused') return 'Up (Paused)'
  const word = state.charAt(0).toUpperCase() + state.slice(1)
  return exitCode === null ? word : `${word} (${exitCode})`
}

/** Since when a container has run, its restart policy's restarts aside, and since when it is healthy. */
function agesOf(
  { restartCount, health }: ContainerDetails,
  { upSince }: Pick<Known, 'upSince'>,
  before: Known | undefined,
  now: Date,
): Pick<Known, 'firstUpSince' | 'healthySince'> {
  const isSameStart = before !== undefined && restartCount >= before.restartCount && restartCount > 0
  return {
    firstUpSince: (isSameStart ? before.firstUpSince : null) ?? upSince,
    healthySince: health === 'healthy' ? (before?.healthySince ?? (before ? now : upSince)) : null,
  }
}

/** When the container started. The Engine may use another machine's clock, so a start seen here counts from when it was seen. */
function runOf(found: ContainerDetails, before: Known | undefined, now: Date): Pick<Known, 'upSince' | 'lastRunMs'> {
  const { startedAt, finishedAt, restartCount } = found
  if (!startedAt) return { upSince: null, lastRunMs: null }
  if (before?.startedAt?.getTime() === startedAt.getTime()) return { upSince: before.upSince, lastRunMs: before.lastRunMs }
  if (!before) return { upSince: startedAt < now ? startedAt : now, lastRunMs: null }
  if (restartCount === 0) return { upSince: now, lastRunMs: null }
  // When several restarts happened between two readings, the length of the last run is unknown.
  const wasSeen = restartCount === before.restartCount + 1 && before.startedAt !== null && finishedAt !== null
  return { upSince: now, lastRunMs: wasSeen ? finishedAt.getTime() - (before.startedAt?.getTime() ?? 0) : before.lastRunMs }
}
