import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock, type Clock } from '../../../api/clock.ts'
import { readConfig } from '../../../api/config.ts'
import { createLog } from '../../../api/log.ts'
import type { ClusterNode } from '../../../api/nodes/node-registry.ts'
import { startNode } from '../../../api/program.ts'
import type { ReachableNode } from './nodes.ts'
import { answer } from './worker.ts'

// The whole primary with a clock that can be put forward, so that all nodes are due at once, and that says what a sweep costs.

let aheadMs = 0
const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) }
const config = readConfig(process.env)
const log = createLog({ level: config.logLevel })
const startPrimary = () => startNode({ config, clock, random: Math.random, log })

let primary = await startPrimary()

/** Puts nodes into the database, without asking them anything. */
async function register(nodes: ReachableNode[]): Promise<void> {
  for (const node of nodes) await primary.services.registry.register(node)
}

/** As after a restart of the program. Answers the origin. */
async function restart(_: null): Promise<string> {
  await primary.stop()
  primary = await startPrimary()
  return `http://127.0.0.1:${primary.port}`
}

export interface Cost {
  ms: number
  /** CPU time, user and system. */
  cpuMs: number
  /** How late the event loop ran its turns. */
  loopDelayP99Ms: number
  loopDelayMaxMs: number
}

/** Of the timer that measures the event loop. */
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

/** Makes every node due and starts the checks. Answers when each one's result was known, in milliseconds from then. */
async function sweep(_: null): Promise<Cost & { passedAfterMs: number[]; failedAfterMs: number[] }> {
  const { registry, checks, events, self } = primary.services
  const waiting = new Set(registry.list().map((node) => node.id))
  waiting.delete(self.id)
  const passedAfterMs: number[] = []
  const failedAfterMs: number[] = []
  // Beyond the wait after three failures, 2 minutes and some: black holes are due as well.
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

/** Lets the ordinary rhythm run. Answers its cost, and how old the last check of each node that is online was at its oldest. */
async function watch(durationMs: number): Promise<Cost & { longestAgesMs: number[]; checks: number }> {
  const { registry, events, self } = primary.services
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
