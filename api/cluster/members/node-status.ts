import { longestWaitMs, nextCheckAt, type Spread } from './check-times.ts'
import { bandFor, type HealthPolicy, type NodeStatus } from './health-policy.ts'

export type { NodeStatus } from './health-policy.ts'

/** The kind of evidence a status is based on. */
export const statusSignals = ['registration', 'heartbeat', 'check', 'manual-check', 'session', 'self'] as const
export type StatusSignal = (typeof statusSignals)[number]

export interface NodeHealth {
  status: NodeStatus
  /** When the status last changed. */
  statusSince: Date
  /** The latest failure. Null exactly when online. */
  statusReason: string | null
  /** What brought the node online, or where `statusReason` came from. */
  statusSignal: StatusSignal
  lastSeen: Date | null
  lastHealthCheck: Date | null
  consecutiveFailures: number
  /** Null only for the node itself, which is never checked. */
  nextCheckAt: Date | null
  /** When it was registered, or its endpoint or key last changed. Only matters during a check, so after a start any past time will do. */
  registeredAt: Date
  answeredSinceRegistration: boolean
}

/** Why a node was checked: on schedule, by a person, or because its session was lost. */
export type CheckSignal = Extract<StatusSignal, 'check' | 'manual-check' | 'session'>

/** `startedAt` is when the check was sent, on the same clock as `now`. */
export type Observation =
  | { kind: 'heartbeat' }
  /** The node opened a session: its own call, as good as a heartbeat. */
  | { kind: 'session' }
  /** The node wanted to open a link and was told to come back later. So it is up, and only this primary delays its session. */
  | { kind: 'link-put-off' }
  | { kind: 'check-passed'; by: CheckSignal; startedAt: Date }
  | { kind: 'check-failed'; by: CheckSignal; startedAt: Date; reason: string }
  /** A new node, or a node whose endpoint or key has changed. */
  | { kind: 'registered' }

/** What the node did by itself, and the signal that this is. */
const ownCalls = { heartbeat: 'heartbeat', session: 'session', 'link-put-off': 'session' } as const satisfies Record<string, StatusSignal>
type OwnCall = Extract<Observation, { kind: keyof typeof ownCalls }>
const isOwnCall = (observation: Observation): observation is OwnCall => observation.kind in ownCalls

/** The health of a newly registered node: offline until it answers, and due for a check. */
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

/** The health of the node that runs this code: online without a check. */
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
 * The single rule for how evidence changes a node's health. With the default policy (f = failed checks in a row):
 *
 *     registered ──▶ OFFLINE, f = 0, checked at once            (also from any other state, when the endpoint or key changes)
 *                       │
 *                       │ heartbeat, passed check
 *                       ▼            3rd failure                 11th failure
 *                    ONLINE ───────────────────────▶ OFFLINE ─────────────────▶ UNREACHABLE
 *                    f 0-2: 30 s                     f 3-5:  2 min              f 11-20: 15 min
 *                       ▲                            f 6-10: 5 min              f 21 up: 30 min
 *                       │                               │                          │
 *                       └────── heartbeat, passed check ┴──────────────────────────┘
 *
 * - Until it first answers, a registered node is OFFLINE even with f 0-2. Its failures count and back off like any other's.
 * - The node's own call wins: if the node was seen during a check that then failed, the check is dated but adds no failure.
 * - A check that was in progress when the endpoint or key changed is ignored.
 * - The node that runs this code ('self') always stays online.
 */
export function observe(health: NodeHealth, observation: Observation, now: Date, policy: HealthPolicy, spread: Spread): NodeHealth {
  if (health.statusSignal === 'self') return { ...health, ...seenAt(health, now) }
  if (observation.kind === 'registered') return registeredAnew(health, now)

  const next = (failures: number): Date => nextCheckAt(failures, now, policy, spread)
  if (isOwnCall(observation)) {
    // Keep a check that is due soon enough, so that heartbeats cannot postpone checks forever.
    const keeps = health.nextCheckAt && isWithin(longestWaitMs(0, policy), health.nextCheckAt, now)
    return answered(health, ownCalls[observation.kind], now, keeps ? health.nextCheckAt : next(0))
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
 * Whether a node should be checked now. A next check further away than its band's longest wait means the clock was set back.
 * It counts as due, or the node would not be checked until the clock has caught up.
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

/** Whether `moment` came after `start`. False for a moment in the future: the clock was set back, so the two cannot be compared. */
const hasPassedSince = (start: Date, moment: Date | null, now: Date): boolean => moment !== null && start < moment && moment <= now

const isWithin = (ms: number, moment: Date, now: Date): boolean => moment.getTime() - now.getTime() <= ms

/** The later of the two, so that a clock set back never moves a timestamp back. */
const later = (known: Date | null, now: Date): Date => (known && known > now ? known : now)
