import { longestWaitMs, nextCheckAt, type Spread } from './check-times.ts'
import { bandFor, type HealthPolicy, type NodeStatus } from './health-policy.ts'

export type { NodeStatus } from './health-policy.ts'

/** Which kind of evidence a status rests on. */
export const statusSignals = ['registration', 'heartbeat', 'check', 'manual-check', 'session', 'self'] as const
export type StatusSignal = (typeof statusSignals)[number]

export interface NodeHealth {
  status: NodeStatus
  /** When the status last became another one. */
  statusSince: Date
  /** The newest failure; null exactly when online. */
  statusReason: string | null
  /** What made it online, or where `statusReason` came from. */
  statusSignal: StatusSignal
  lastSeen: Date | null
  lastHealthCheck: Date | null
  consecutiveFailures: number
  /** Null only for the node itself, which is never checked. */
  nextCheckAt: Date | null
  /** When it was registered, or its endpoint or key last changed. Needed only while a check is under way: after a start any past time will do. */
  registeredAt: Date
  answeredSinceRegistration: boolean
}

/** Why a node was checked: its turn, a person, or the loss of its session. */
export type CheckSignal = Extract<StatusSignal, 'check' | 'manual-check' | 'session'>

/** `startedAt` is when the check was sent, by the clock that also gives `now`. */
export type Observation =
  | { kind: 'heartbeat' }
  /** It has opened a session: its own call, as good as a heartbeat. */
  | { kind: 'session' }
  | { kind: 'check-passed'; by: CheckSignal; startedAt: Date }
  | { kind: 'check-failed'; by: CheckSignal; startedAt: Date; reason: string }
  /** A new node, or a node whose endpoint or key has changed. */
  | { kind: 'registered' }

/** A node that has just been registered: offline until it answers, checked at once. */
export const initialHealth = (now: Date): NodeHealth => ({
  status: 'offline',
  statusSince: now,
  statusReason: 'Has not answered since it was registered',
  statusSignal: 'registration',
  lastSeen: null,
  lastHealthCheck: null,
  consecutiveFailures: 0,
  nextCheckAt: now,
  registeredAt: now,
  answeredSinceRegistration: false,
})

/** The node that runs this code: online without being asked. */
export const selfHealth = (now: Date): NodeHealth => ({
  status: 'online',
  statusSince: now,
  statusReason: null,
  statusSignal: 'self',
  lastSeen: now,
  lastHealthCheck: now,
  consecutiveFailures: 0,
  nextCheckAt: null,
  registeredAt: now,
  answeredSinceRegistration: true,
})

/**
 * The one rule of how evidence changes a node's health. With the default policy (f = failed checks in a row):
 *
 *     registered ──▶ OFFLINE, f = 0, checked at once            (also from every other state, when endpoint or key change)
 *                       │
 *                       │ heartbeat, passed check
 *                       ▼            3rd failure                 11th failure
 *                    ONLINE ───────────────────────▶ OFFLINE ─────────────────▶ UNREACHABLE
 *                    f 0-2: 30 s                     f 3-5:  2 min              f 11-20: 15 min
 *                       ▲                            f 6-10: 5 min              f 21 up: 30 min
 *                       │                               │                          │
 *                       └────── heartbeat, passed check ┴──────────────────────────┘
 *
 * - Until it answers, a registered node is OFFLINE also with f 0-2; its failures count and back off like any other's.
 * - The node's own call wins: a failed check that was under way when the node was seen is dated but adds no failure.
 * - A check that was under way when the node was registered anew says nothing of the new endpoint or key.
 * - The node itself ('self') stays online whatever is said.
 */
export function observe(health: NodeHealth, observation: Observation, now: Date, policy: HealthPolicy, spread: Spread): NodeHealth {
  if (health.statusSignal === 'self') return { ...health, ...seenAt(health, now) }
  if (observation.kind === 'registered') return registeredAnew(health, now)

  const next = (failures: number): Date => nextCheckAt(failures, now, policy, spread)
  if (observation.kind === 'heartbeat' || observation.kind === 'session') {
    // A check that is near enough keeps its time, so that heartbeats never starve the checks.
    const keeps = health.nextCheckAt && isWithin(longestWaitMs(0, policy), health.nextCheckAt, now)
    return answered(health, observation.kind, now, keeps ? health.nextCheckAt : next(0))
  }

  const signal = observation.by
  if (hasPassedSince(observation.startedAt, health.registeredAt, now)) return health
  if (observation.kind === 'check-passed') return answered(health, signal, now, next(0))

  const isStale = hasPassedSince(observation.startedAt, health.lastSeen, now)
  const failures = health.consecutiveFailures + (isStale ? 0 : 1)
  return {
    ...(isStale ? health : withStatus(health, statusAfter(failures, health, policy), observation.reason, signal, now)),
    lastHealthCheck: later(health.lastHealthCheck, now),
    consecutiveFailures: failures,
    nextCheckAt: next(failures),
  }
}

/**
 * Whether a node is to be checked now. A next check that is further away than any wait of its band was set before the
 * clock was put back; it counts as due, since nobody would look at the node until the clock has caught up.
 */
export const isDue = (health: NodeHealth, now: Date, policy: HealthPolicy): boolean =>
  health.nextCheckAt !== null &&
  (health.nextCheckAt <= now || !isWithin(longestWaitMs(health.consecutiveFailures, policy), health.nextCheckAt, now))

const registeredAnew = (health: NodeHealth, now: Date): NodeHealth => ({
  ...initialHealth(now),
  statusSince: health.status === 'offline' ? health.statusSince : now,
  statusReason: `Has not answered since ${health.lastSeen ? 'its endpoint or key changed' : 'it was registered'}`,
  lastSeen: health.lastSeen,
  lastHealthCheck: health.lastHealthCheck,
})

const answered = (health: NodeHealth, signal: StatusSignal, now: Date, checkAt: Date | null): NodeHealth => ({
  ...withStatus(health, 'online', null, signal, now),
  ...seenAt(health, now),
  consecutiveFailures: 0,
  nextCheckAt: checkAt,
  answeredSinceRegistration: true,
})

const seenAt = (health: NodeHealth, now: Date) => ({
  lastSeen: later(health.lastSeen, now),
  lastHealthCheck: later(health.lastHealthCheck, now),
})

function statusAfter(failures: number, { answeredSinceRegistration }: NodeHealth, policy: HealthPolicy): NodeStatus {
  const { status } = bandFor(policy, failures)
  return status === 'online' && !answeredSinceRegistration ? 'offline' : status
}

function withStatus(health: NodeHealth, status: NodeStatus, reason: string | null, signal: StatusSignal, now: Date): NodeHealth {
  if (status === 'online' && health.status === 'online') return health
  return {
    ...health,
    status,
    statusSince: status === health.status ? health.statusSince : now,
    statusReason: status === 'online' ? null : reason,
    statusSignal: signal,
  }
}

/** Whether `moment` came after `start`. A moment in the future is from before the clock was put back: the two cannot be compared. */
const hasPassedSince = (start: Date, moment: Date | null, now: Date): boolean => moment !== null && start < moment && moment <= now

const isWithin = (ms: number, moment: Date, now: Date): boolean => moment.getTime() - now.getTime() <= ms

/** A clock that was put back does not take back what was known. */
const later = (known: Date | null, now: Date): Date => (known && known > now ? known : now)
