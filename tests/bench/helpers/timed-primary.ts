import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock, type Clock } from '../../../api/clock.ts'
import { readConfig } from '../../../api/config.ts'
import { createLog } from '../../../api/log.ts'
import type { ClusterNode } from '../../../api/cluster/members/node-registry.ts'
import { startNode } from '../../../api/program.ts'
import type { ReachableNode } from './nodes.ts'
import { answer } from './worker.ts'

// The whole primary with a clock that can be set forward, so that all nodes are due at once. Reports what a sweep costs.

let aheadMs = 0
const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) }
const config = readConfig(process.env)
const log = createLog({ level: config.logLevel })
const startPrimary = () => startNode({ config, clock, random: Math.random, log })

let primary = await startPrimary()

/** Adds nodes to the database without contacting them. */
async function register(nodes: ReachableNode[]): Promise<void> {
  for (const node of nodes) await primary.services.members.registry.register(node)
}

/** Starts the program. @returns its origin */
async function restart(_: null): Promise<string> {
  await primary.stop()
  primary = await startPrimary()
  return `http://127.0.0.1:${primary.port}`
}

export interface Cost {
  ms: number
  /** User and system CPU time. */
  cpuMs: number
  /** Event loop delay. */
  loopDelayP99Ms: number
  loopDelayMaxMs: number
}

/** Resolution of the timer that measures the event loop. */
const resolutionMs = 1

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  const cpuBefore = process.cpuUsage()
  const started = performance.now()
  await work()
  const ms = performance.now() - started
  const { user, system } = process.cpuUsage(cpuBefore)
  delay.disable()
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs)
  return {
    ms,
    cpuMs: (user + system) / 1000,
    loopDelayP99Ms: late(delay.percentile(99)),
    loopDelayMaxMs: late(delay.max),
  }
}

/** Makes every node due and starts the checks. @returns when each result was known, in milliseconds from the start */
async function sweep(_: null): Promise<Cost & { passedAfterMs: number[]; failedAfterMs: number[] }> {
  const { events, self } = primary.services
  const { registry } = primary.services.members
  const { checks } = primary.services.health
  const waiting = new Set(registry.list().map((node) => node.id))
  waiting.delete(self.id)
  const passedAfterMs: number[] = []
  const failedAfterMs: number[] = []
  // Longer than the wait after three failures (about 2 minutes), so that black holes are due too.
  aheadMs += 150_000
  const started = performance.now()
  const cost = await costOf(async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = events.on('node', ({ id, health }: ClusterNode) => {
      if (!waiting.delete(id)) return
      const list = health.consecutiveFailures === 0 ? passedAfterMs : failedAfterMs
      list.push(performance.now() - started)
      if (waiting.size === 0) resolve()
    })
    checks.tick()
    await promise
    stop()
  })
  return { ...cost, passedAfterMs, failedAfterMs }
}

/** Runs in normal operation. @returns the cost, and the greatest age of any online node's last check */
async function watch(durationMs: number): Promise<Cost & { longestAgesMs: number[]; checks: number }> {
  const { events, self } = primary.services
  const { registry } = primary.services.members
  const others = registry.list().filter(({ id, health }) => id !== self.id && health.consecutiveFailures === 0)
  const lastCheck = new Map(others.map(({ id }) => [id, performance.now()]))
  const longest = new Map(others.map(({ id }) => [id, 0]))
  let checks = 0
  const note = (id: string): void => {
    const now = performance.now()
    longest.set(id, Math.max(longest.get(id) ?? 0, now - (lastCheck.get(id) ?? now)))
    lastCheck.set(id, now)
  }
  const stop = events.on('node', ({ id }: ClusterNode) => {
    checks += 1
    if (lastCheck.has(id)) note(id)
  })
  const cost = await costOf(() => new Promise((resolve) => setTimeout(resolve, durationMs)))
  stop()
  for (const { id } of others) note(id)
  return { ...cost, longestAgesMs: [...longest.values()], checks }
}

const handlers = { register, restart, sweep, watch }

answer(handlers)
process.once('SIGTERM', () => void primary.stop().then(() => process.exit(0)))

export type TimedPrimaryApi = typeof handlers
