import { hash } from 'node:crypto'
import { bandFor, type HealthPolicy } from './health-policy.ts'

/** What keeps N nodes from being asked in one burst. */
export interface Spread {
  /** Where in the first band's interval this node's turn is, 0 up to 1; see `phaseOf`. */
  phase: number
  /** 0 up to 1, as Math.random. */
  random: () => number
}

/** A node's place in the interval: 0 up to 1, the same for one id on every start. */
export const phaseOf = (nodeId: string): number => hash('sha256', nodeId, 'buffer').readUInt32BE(0) / 2 ** 32

/**
 * When a node is checked next, if a check has just ended. In the first band the wait leans toward the node's own turn in
 * the interval, by no more than the jitter: however a group of nodes came to be checked together, it drifts apart within a
 * few rounds and stays apart. Longer waits only need to differ, so there chance does it.
 */
export function nextCheckAt(failures: number, now: Date, policy: HealthPolicy, spread: Spread): Date {
  const { fromFailures, waitMs } = bandFor(policy, failures)
  const mostMs = waitMs * policy.jitter
  const plain = now.getTime() + waitMs
  const shift = fromFailures === 0 ? clamp(toNearestTurn(plain, spread.phase, waitMs), mostMs) : (2 * spread.random() - 1) * mostMs
  return new Date(plain + Math.trunc(shift))
}

/** After a start every node is checked within the first band's interval, each at its own turn. */
export function firstCheckAfterStart(phase: number, now: Date, policy: HealthPolicy): Date {
  const { waitMs } = bandFor(policy, 0)
  return new Date(now.getTime() + Math.trunc(untilTurn(now.getTime(), phase, waitMs)))
}

/** The longest wait that jitter can make of a band's wait, in milliseconds. */
export const longestWaitMs = (failures: number, policy: HealthPolicy): number => bandFor(policy, failures).waitMs * (1 + policy.jitter)

/** Turns are the moments that divide epoch time into intervals, shifted by the phase: 0 up to `intervalMs` until the next. */
function untilTurn(time: number, phase: number, intervalMs: number): number {
  const ahead = (phase * intervalMs - time) % intervalMs
  return ahead < 0 ? ahead + intervalMs : ahead
}

/** Negative when the nearest turn is in the past. */
function toNearestTurn(time: number, phase: number, intervalMs: number): number {
  const ahead = untilTurn(time, phase, intervalMs)
  return ahead > intervalMs / 2 ? ahead - intervalMs : ahead
}

const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value))
