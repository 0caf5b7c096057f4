import type { ContainerStats, NodeStats } from '../node-stats.ts'
import { keyText, type Measured, type SeriesKey } from './series.ts'

/** Nobody looks at more disks, and each is a series. */
const mostDisks = 20

/** Bytes since something started, which become bytes per second. */
type Counters = Record<'received' | 'sent' | 'read' | 'written', number>

const countersOf = (stats: ContainerStats): Counters => ({
  received: stats.networkRxBytes,
  sent: stats.networkTxBytes,
  read: stats.blockReadBytes,
  written: stats.blockWriteBytes,
})

const keyOf = ({ appName, service, name }: ContainerStats): SeriesKey =>
  appName !== null && service !== null ? { kind: 'service', app: appName, name: service } : { kind: 'container', app: '', name }

/** Turns each sample of a node into values of its series. Containers of one service are added up. */
export function createMeasuring() {
  let before: NodeStats | undefined

  /** Traffic since the sample before; nothing where a counter started again. */
  function ratesOf<Name extends string>(now: Record<Name, number>, then: Record<Name, number> | undefined, seconds: number) {
    const rates: Partial<Record<Name, number>> = {}
    for (const name in now) if (then && seconds > 0 && now[name] >= then[name]) rates[name] = (now[name] - then[name]) / seconds
    return rates
  }

  function ofNode({ cpu, memory, network }: NodeStats, seconds: number): Measured {
    const traffic = network ? ratesOf(network, before?.network ?? undefined, seconds) : {}
    return {
      key: { kind: 'node', app: '', name: '' },
      values: {
        cpu: cpu.usagePercent,
        memory: memory.usedBytes,
        memoryTotal: memory.totalBytes,
        ...(traffic.receivedBytes !== undefined && { received: traffic.receivedBytes }),
        ...(traffic.sentBytes !== undefined && { sent: traffic.sentBytes }),
      },
    }
  }

  function ofContainers({ containers }: NodeStats, seconds: number): Measured[] {
    const former = new Map(before?.containers.map((each) => [each.id, countersOf(each)]))
    const byKey = new Map<string, Measured>()
    for (const container of containers) {
      const key = keyOf(container)
      const measured = byKey.get(keyText(key)) ?? { key, values: {} }
      byKey.set(keyText(key), measured)
      const values = {
        cpu: container.cpuPercent,
        memory: container.memoryBytes,
        ...ratesOf(countersOf(container), former.get(container.id), seconds),
      }
      for (const [metric, value] of Object.entries(values) as [keyof typeof values, number][])
        measured.values[metric] = (measured.values[metric] ?? 0) + value
    }
    return [...byKey.values()]
  }

  /** @param isAfterGap the sample before is too old to compare with */
  return function measure(stats: NodeStats, isAfterGap: boolean): Measured[] {
    if (isAfterGap) before = undefined
    const seconds = before ? (stats.asOf.getTime() - before.asOf.getTime()) / 1000 : 0
    const disks = stats.disks.slice(0, mostDisks).map(({ mount, usedBytes, totalBytes }): Measured => ({
      key: { kind: 'disk', app: '', name: mount },
      values: { used: usedBytes, total: totalBytes },
    }))
    const measured = [ofNode(stats, seconds), ...disks, ...ofContainers(stats, seconds)]
    before = stats
    return measured
  }
}
