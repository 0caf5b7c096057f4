import type { HistoryItem, NodeStatsItem } from '../../graphql/items.ts'
import { bytes, percent, percentOf } from '../shared/format.ts'

/** What is shown: a node, the services of an app on it (or one of them), or a container that belongs to no app. */
export interface HistoryOf {
  nodeId: string
  app?: { id: string; name: string; service?: string }
  /** Its name. */
  container?: string
}

export type ChartUnit = 'percent' | 'bytes' | 'rate'

export interface ChartLine {
  label: string
  values: (number | null)[]
}

export interface Chart {
  title: string
  unit: ChartUnit
  /** Seconds since the epoch, one per value of each line. */
  times: number[]
  lines: ChartLine[]
}

/** One measurement, by chart and line. */
export interface LivePoint {
  time: number
  values: Map<string, number>
}

export const ranges = ['1h', '24h', '7d', '30d'] as const
export type Range = (typeof ranges)[number]
export const secondsOf: Record<Range, number> = { '1h': 3600, '24h': 86_400, '7d': 7 * 86_400, '30d': 30 * 86_400 }
export const rangeWords: Record<Range, string> = { '1h': '1 hour', '24h': '24 hours', '7d': '7 days', '30d': '30 days' }

export const inUnit = (unit: ChartUnit, value: number): string =>
  unit === 'percent' ? percent(value) : unit === 'bytes' ? bytes(value) : `${bytes(value)}/s`

type Series = HistoryItem['series'][number]

const valuesOf = ({ metrics }: Series, name: Series['metrics'][number]['name']): (number | null)[] =>
  metrics.find((metric) => metric.name === name)?.values ?? []

const shareOf = (parts: (number | null)[], totals: (number | null)[]): (number | null)[] =>
  parts.map((part, i) => (part === null ? null : percentOf(part, totals[i] ?? 0)))

const isMeasured = ({ values }: ChartLine): boolean => values.some((value) => value !== null)

/** The charts of a node, of an app's services, or of a container. */
export function chartsOf(history: HistoryItem, { app, container }: Pick<HistoryOf, 'app' | 'container'>): Chart[] {
  const start = Date.parse(history.from) / 1000
  const isOfNode = app === undefined && container === undefined
  const [node] = isOfNode ? history.series.filter(({ kind }) => kind === 'NODE') : []
  const disks = history.series.filter(({ kind }) => kind === 'DISK')
  const services = history.series.filter(({ kind }) => kind === 'SERVICE' || kind === 'CONTAINER')
  const lines = (series: Series[], values: (each: Series) => (number | null)[]): ChartLine[] =>
    series.map((each) => ({ label: each.name ?? '', values: values(each) }))
  const drafts: Omit<Chart, 'times'>[] = node
    ? [
        { title: 'CPU', unit: 'percent', lines: [{ label: 'CPU', values: valuesOf(node, 'CPU') }] },
        {
          title: 'Memory',
          unit: 'percent',
          lines: [{ label: 'Memory', values: shareOf(valuesOf(node, 'MEMORY'), valuesOf(node, 'MEMORY_TOTAL')) }],
        },
        { title: 'Disks', unit: 'percent', lines: lines(disks, (disk) => shareOf(valuesOf(disk, 'USED'), valuesOf(disk, 'TOTAL'))) },
        {
          title: 'Network',
          unit: 'rate',
          lines: [
            { label: 'received', values: valuesOf(node, 'RECEIVED') },
            { label: 'sent', values: valuesOf(node, 'SENT') },
          ],
        },
      ]
    : [
        { title: 'CPU', unit: 'percent', lines: lines(services, (each) => valuesOf(each, 'CPU')) },
        { title: 'Memory', unit: 'bytes', lines: lines(services, (each) => valuesOf(each, 'MEMORY')) },
        { title: 'Received', unit: 'rate', lines: lines(services, (each) => valuesOf(each, 'RECEIVED')) },
        { title: 'Sent', unit: 'rate', lines: lines(services, (each) => valuesOf(each, 'SENT')) },
        { title: 'Read from disk', unit: 'rate', lines: lines(services, (each) => valuesOf(each, 'READ')) },
        { title: 'Written to disk', unit: 'rate', lines: lines(services, (each) => valuesOf(each, 'WRITTEN')) },
      ]
  return drafts.map((draft) => {
    const length = draft.lines[0]?.values.length ?? 0
    const times = Array.from({ length }, (_, i) => start + i * history.stepSeconds)
    return { ...draft, times, lines: draft.lines.filter(isMeasured) }
  })
}

export const lineKey = (chart: string, line: string): string => `${chart}/${line}`

/** The line of a container in the charts, if it has one there. */
function lineOf({ appName, service, name }: NodeStatsItem['containers'][number], { app, container }: Omit<HistoryOf, 'nodeId'>) {
  if (app === undefined) return name === container ? name : undefined
  if (appName !== app.name || !service) return undefined
  return app.service === undefined || app.service === service ? service : undefined
}

/** What a new measurement adds to the charts. Traffic is the difference to the one before. */
export function livePoint(stats: NodeStatsItem, before: NodeStatsItem | undefined, of: Omit<HistoryOf, 'nodeId'>): LivePoint | undefined {
  if (!stats.asOf || stats.state !== 'OK') return undefined
  const values = new Map<string, number>()
  const time = Date.parse(stats.asOf) / 1000
  const seconds = before?.asOf ? time - Date.parse(before.asOf) / 1000 : 0
  const add = (chart: string, line: string, value: number): void => {
    const key = lineKey(chart, line)
    values.set(key, (values.get(key) ?? 0) + value)
  }
  const addRate = (chart: string, line: string, now: number, then: number | undefined): void => {
    if (then !== undefined && seconds > 0 && now >= then) add(chart, line, (now - then) / seconds)
  }
  if (of.app === undefined && of.container === undefined) {
    if (stats.cpu) add('CPU', 'CPU', stats.cpu.usagePercent)
    if (stats.memory) add('Memory', 'Memory', percentOf(stats.memory.usedBytes, stats.memory.totalBytes))
    for (const { mount, usedBytes, totalBytes } of stats.disks) add('Disks', mount, percentOf(usedBytes, totalBytes))
    if (stats.network) {
      addRate('Network', 'received', stats.network.receivedBytes, before?.network?.receivedBytes)
      addRate('Network', 'sent', stats.network.sentBytes, before?.network?.sentBytes)
    }
    return { time, values }
  }
  for (const container of stats.containers) {
    const line = lineOf(container, of)
    if (line === undefined) continue
    const former = before?.containers.find(({ id }) => id === container.id)
    add('CPU', line, container.cpuPercent)
    add('Memory', line, container.memoryBytes)
    addRate('Received', line, container.networkRxBytes, former?.networkRxBytes)
    addRate('Sent', line, container.networkTxBytes, former?.networkTxBytes)
    addRate('Read from disk', line, container.blockReadBytes, former?.blockReadBytes)
    addRate('Written to disk', line, container.blockWriteBytes, former?.blockWriteBytes)
  }
  return { time, values }
}

/** Goes on where the history ends. A step that the history already has stays; there is nothing twice. */
export function withLive(chart: Chart, points: LivePoint[]): Chart {
  const end = chart.times.at(-1) ?? 0
  const later = points.filter(({ time }) => time > end)
  if (later.length === 0) return chart
  return {
    ...chart,
    times: [...chart.times, ...later.map(({ time }) => time)],
    lines: chart.lines.map(({ label, values }) => ({
      label,
      values: [...values, ...later.map((point) => point.values.get(lineKey(chart.title, label)) ?? null)],
    })),
  }
}
