import type { ContainerFacts } from '../container-facts.ts'
import type { WantedService } from '../wanted-services.ts'
import { isCrashLoop, isIdle, nameOf, stateOf, type ServiceState } from './service-state.ts'

/** What is known about a deploy at one moment. */
export interface DeployFacts {
  /** The services that should run. Null when Compose could not say: then those that have containers. */
  wanted: WantedService[] | null
  /** The app's containers that this deploy made, started or left as they were; none that it is about to replace. */
  containers: ContainerFacts[]
  /** When the deploy began. The deadline never counts from before. */
  since: Date
  /** Compose still runs, so what is missing may still come. */
  isStarting: boolean
  /** Asked for with this deploy; null for the usual. */
  deadlineMs: number | null
  /** The usual, unless a health check may take longer. */
  usualDeadlineMs: number
}

export type Judgement =
  /** `words` are for people, such as "2 of 3 healthy, db starting, 40 s left". */
  | { verdict: 'waiting'; words: string; share: number; deadline: Date | null; nextLookAt: Date | null }
  | { verdict: 'healthy' }
  | { verdict: 'failed'; service: string | null; reason: string }

/** Added to the time that a health check may take, for a first start that is slow. */
const beyondCheckMs = 60_000
/** A health check can be set to take for ever, but no operation should. */
const longestWaitMs = 12 * 3_600_000
/** How often the seconds that are left are told. */
const tellEveryMs = 5_000
/** More would make the message unreadable. */
const maxNamed = 3

/**
 * The rule that decides whether a deploy went well: every service that should run runs, healthy if it has a health check, else for
 * 10 s without a restart; or it has done its job. It has failed when it cannot get there any more, or at its deadline.
 */
export function judge(facts: DeployFacts, now: Date): Judgement {
  const wanted = (facts.wanted ?? asSeen(facts.containers)).filter(({ replicas }) => replicas > 0)
  const services = wanted.map((service) => stateOf(service, facts, now))
  const lost = services.find(({ is }) => is === 'lost') ?? loopIn(services)
  if (lost) return { verdict: 'failed', service: lost.name, reason: `service ${lost.name} ${lost.words}` }
  const coming = services.filter(({ is }) => is === 'coming')
  if (coming.length === 0 && !facts.isStarting) return { verdict: 'healthy' }
  const deadline = deadlineOf(facts)
  if (deadline && deadline.at <= now && coming.length > 0) return lateOf(coming, deadline.ms)
  return {
    verdict: 'waiting',
    words: wordsOf(services, coming, deadline?.at ?? null, now),
    share: services.length === 0 ? 1 : (services.length - coming.length) / services.length,
    deadline: deadline?.at ?? null,
    nextLookAt: nextLook(coming, deadline?.at ?? null, now),
  }
}

/** A service that crashes may wait for another, so it gets its chance until all others have come up. */
function loopIn(services: ServiceState[]): ServiceState | undefined {
  const others = services.filter((service) => !isIdle(service) && service.restarts === 0)
  if (others.some(({ is }) => is === 'coming')) return undefined
  const allFineAt = Math.max(0, ...others.map(({ fineSince }) => fineSince?.getTime() ?? 0))
  return services.find((service) => isCrashLoop(service, allFineAt))
}

/** Null while none of its containers has started. */
function deadlineOf(facts: DeployFacts): { at: Date; ms: number } | null {
  const starts = facts.containers.flatMap(({ firstUpSince }) => firstUpSince?.getTime() ?? [])
  if (starts.length === 0 && facts.isStarting) return null
  const longestCheck = Math.max(0, ...facts.containers.flatMap(({ longestCheckMs: ms }) => (ms === null ? [] : ms + beyondCheckMs)))
  const ms = facts.deadlineMs ?? Math.max(facts.usualDeadlineMs, Math.min(longestCheck, longestWaitMs))
  return { at: new Date(Math.max(facts.since.getTime(), ...starts) + ms), ms }
}

function lateOf([first]: ServiceState[], ms: number): Judgement {
  const within = `within ${Math.round(ms / 1000)} s`
  if (!first) return { verdict: 'failed', service: null, reason: `it was not healthy ${within}` }
  return { verdict: 'failed', service: first.name, reason: `service ${first.name} was not healthy ${within}: ${first.words}` }
}

function wordsOf(services: ServiceState[], coming: ServiceState[], deadline: Date | null, now: Date): string {
  const named = coming.slice(0, maxNamed).map(({ name, words }) => `${name} ${words}`)
  const more = coming.length > maxNamed ? [`${coming.length - maxNamed} more`] : []
  const left = deadline ? [`${Math.max(0, Math.ceil((deadline.getTime() - now.getTime()) / 1000))} s left`] : []
  return [`${services.length - coming.length} of ${services.length} healthy`, ...named, ...more, ...left].join(', ')
}

/** Null when only Docker can bring news. */
function nextLook(coming: ServiceState[], deadline: Date | null, now: Date): Date | null {
  const left = deadline ? deadline.getTime() - now.getTime() : 0
  const told = left > 0 ? [now.getTime() + (left % tellEveryMs || tellEveryMs)] : []
  const moments = [...coming.flatMap(({ fineAt }) => fineAt?.getTime() ?? []), ...told].filter((moment) => moment > now.getTime())
  return moments.length === 0 ? null : new Date(Math.min(...moments))
}

/** Used when Compose could not resolve the file. */
const asSeen = (containers: ContainerFacts[]): WantedService[] =>
  [...Map.groupBy(containers, nameOf)].map(([name, own]) => ({ name, image: null, replicas: own.length, isJob: false, restart: 'no' }))
