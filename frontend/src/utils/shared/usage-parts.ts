import type { NodeUsageItem } from '../../graphql/items.ts'
import { percentOf } from './format.ts'

/** How much of a node is used, in percent. The disk is the fullest one. Undefined: not known. */
export function usageParts(stats: NodeUsageItem | undefined): { label: string; value: number | undefined }[] {
  const { cpu, memory, disks = [] } = stats ?? {}
  const fullest = disks.length > 0 ? Math.max(...disks.map(({ usedBytes, totalBytes }) => percentOf(usedBytes, totalBytes))) : undefined
  return [
    { label: 'CPU', value: cpu?.usagePercent },
    { label: 'Memory', value: memory ? percentOf(memory.usedBytes, memory.totalBytes) : undefined },
    { label: 'Disk', value: fullest },
  ]
}

export const isOutOfDate = (stats: NodeUsageItem | undefined): boolean => stats !== undefined && stats.state !== 'OK'
