import type { HistoryMetricName } from '../../graphql/generated/graphql.ts'
import type { NodeUsageItem, RecentUsageItem } from '../../graphql/items.ts'
import { percentOf } from '../shared/format.ts'

/** In percent, one value per step. Null where nothing was measured. */
type Line = (number | null)[]

export interface UsageRow {
  node: RecentUsageItem['node']
  cpu: Line
  memory: Line
  /** Now, or when it was last known; undefined if never. */
  now: { cpu: number | undefined; memory: number | undefined; disk: number | undefined }
}

type Series = RecentUsageItem['history']['series'][number]

const valuesOf = (series: Series | undefined, metric: HistoryMetricName): Line =>
  series?.metrics.find(({ name }) => name === metric)?.values ?? []

const shareOf = (part: Line, whole: Line): Line =>
  part.map((value, index) => {
    const total = whole[index]
    return value === null || total === null || total === undefined ? null : percentOf(value, total)
  })

const lastOf = (line: Line): number | undefined => line.findLast((value) => value !== null) ?? undefined

function diskNow(series: Series[], live: NodeUsageItem | undefined): number | undefined {
  const known = live?.disks.length
    ? live.disks.map(({ usedBytes, totalBytes }) => percentOf(usedBytes, totalBytes))
    : series.filter(({ kind }) => kind === 'DISK').flatMap((disk) => lastOf(shareOf(valuesOf(disk, 'USED'), valuesOf(disk, 'TOTAL'))) ?? [])
  return known.length > 0 ? Math.max(...known) : undefined
}

/** What a node used in the last hours, and uses now. @param live what it told since the page is open */
export function usageRow({ node, history }: RecentUsageItem, live: NodeUsageItem | undefined): UsageRow {
  const own = history.series.find(({ kind }) => kind === 'NODE')
  const cpu = valuesOf(own, 'CPU')
  const memory = shareOf(valuesOf(own, 'MEMORY'), valuesOf(own, 'MEMORY_TOTAL'))
  return {
    node,
    cpu,
    memory,
    now: {
      cpu: live?.cpu?.usagePercent ?? lastOf(cpu),
      memory: live?.memory ? percentOf(live.memory.usedBytes, live.memory.totalBytes) : lastOf(memory),
      disk: diskNow(history.series, live),
    },
  }
}

/** Lines for an SVG path from left to right, 100 wide and 100 high; gaps stay gaps. A lone value is a short line. */
export function sparkPath(line: Line): string {
  const step = line.length > 1 ? 100 / (line.length - 1) : 100
  let pen = 'M'
  return line
    .flatMap((value, index) => {
      if (value === null) {
        pen = 'M'
        return []
      }
      const [x, y] = [(index * step).toFixed(1), (100 - Math.min(100, Math.max(0, value))).toFixed(1)]
      const isAlone = pen === 'M' && (line[index + 1] ?? null) === null
      const part = `${pen}${x} ${y}${isAlone ? 'h0.5' : ''}`
      pen = 'L'
      return part
    })
    .join('')
}
