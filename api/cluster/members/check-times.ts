import { hash } from 'node:crypto'
import { bandFor, type HealthPolicy } from './health-policy.ts'

/** Keeps checks of many nodes from coming in one burst. */
export interface Spread {
  /** Where this node's slot lies in the first band's interval, from 0 up to 1. See `phaseOf`. */
  phase: number
  /** From 0 up to 1, like Math.random. */
  random: () => number
}

/** Where a node's slot lies in the interval, from 0 up to 1. The same id gets the same slot on every start. */
export const phaseOf = (nodeId: string): number => hash('sha256', nodeId, 'buffer').readUInt32BE(0) / 2 ** 32

/**
 * When to check a node next, given that a check has just ended. In the first band the wait moves toward the node's own slot
 * in the interval, by no more than the jitter, so nodes that happen to be checked together drift apart within a few rounds
 * and stay apart. Longer waits only need to differ, so they are random.
 */
export function nextCheckAt(failures: number, now: Date, policy: HealthPolicy, spread: Spread): Date {
  const { fromFailures, waitMs } = bandFor(policy, failures)
  const mostMs = waitMs * policy.jitter
  const plain = now.getTime() + waitMs
  const shift = fromFailures === 0 ? clamp(toNearestSlot(plain, spread.phase, waitMs), mostMs) : (2 * spread.random() - 1) * mostMs
  return new Date(plain + Math.trunc(shift))
}

/** After a start, checks every node within the first band's interval, each in its own slot. */
export function firstCheckAfterStart(phase: number, now: Date, policy: HealthPolicy): Date {
  const { waitMs } = bandFor(policy, 0)
  return new Date(now.getTime() + Math.trunc(untilSlot(now.getTime(), phase, waitMs)))
}

/** A band's wait plus the most jitter can add, in milliseconds. */
export const longestWaitMs = (failures: number, policy: HealthPolicy): number => bandFor(policy, failures).waitMs * (1 + policy.jitter)

/** Time until the node's next slot, from 0 up to `intervalMs`. Each interval of epoch time has one, at the node's phase. */
function untilSlot(time: number, phase: number, intervalMs: number): number {
  const ahead = (phase * intervalMs - time) % intervalMs
  return ahead < 0 ? ahead + intervalMs : ahead
}

/** Time to the nearest slot, negative if that is in the past. */
function toNearestSlot(time: number, phase: number, intervalMs: number): number {
  const ahead = untilSlot(time, phase, intervalMs)
  return ahead > intervalMs / 2 ? ahead - intervalMs : ahead
}

const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value))
