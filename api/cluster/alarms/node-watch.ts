import type { Clock } from '../../clock.ts'
import type { NodeStats } from '../../monitoring/node-stats.ts'
import { unsure, well, type AlarmTopic, type Verdict } from './alarm.ts'
import { agreeing, clockIsOff } from './clock-rule.ts'
import { diskFills, withSample, type DiskSample } from './disk-rule.ts'
import type { OpenAlarms } from './open-alarms.ts'

interface Watched {
  lastAt: number
  offsetsMs: number[]
  disks: Map<string, DiskSample[]>
}

export type NodeWatch = ReturnType<typeof createNodeWatch>

/** Applies the rules for nodes to each sample of their stats. */
export function createNodeWatch(deps: {
  selfId: string
  nameOf: (nodeId: string) => string | null
  /** Whether alarms of the node are wanted now. */
  isWanted: (nodeId: string) => boolean
  alarms: OpenAlarms
  clock: Clock
}) {
  const { selfId, alarms, clock } = deps
  const watched = new Map<string, Watched>()

  function watchedOf(nodeId: string): Watched {
    const known = watched.get(nodeId) ?? { lastAt: 0, offsetsMs: [], disks: new Map<string, DiskSample[]>() }
    watched.set(nodeId, known)
    return known
  }

  return {
    /** Stats of a node arrived, or the same ones are shown again. */
    sampled(stats: NodeStats): void {
      const { nodeId } = stats
      const known = watchedOf(nodeId)
      const name = deps.nameOf(nodeId)
      if (known.lastAt === stats.asOf.getTime() || name === null) return
      const now = clock.now()
      known.lastAt = stats.asOf.getTime()
      known.offsetsMs = [...known.offsetsMs, stats.asOf.getTime() - now.getTime()].slice(-agreeing)
      const settle = (topic: Pick<AlarmTopic, 'kind' | 'part'>, verdict: Verdict, why: string): void => {
        const named = { nodeName: name, appName: null }
        if (deps.isWanted(nodeId)) alarms.settle({ nodeId, appId: null, ...topic }, verdict, named, why)
      }
      const clockVerdict = clockIsOff(name, known.offsetsMs, now)
      if (nodeId !== selfId) settle({ kind: 'clock-off', part: '' }, clockVerdict, `The clock of ${name} is right again`)
      settle({ kind: 'backup-failed', part: '' }, backupFails(name, stats.backups), `Backups of ${name} can be made again`)
      const disks = new Map<string, DiskSample[]>()
      for (const { mount, usedBytes, totalBytes } of stats.disks) {
        const sample = { at: now, usedBytes, totalBytes }
        const before = known.disks.get(mount) ?? []
        const disk = `The disk ${mount} of ${name}`
        settle({ kind: 'disk-filling', part: mount }, diskFills(disk, before, sample), `${disk} has room again`)
        disks.set(mount, withSample(before, sample))
      }
      known.disks = disks
      const isGone = (mount: string): boolean => stats.moreDisks === 0 && !disks.has(mount)
      alarms.endWhere(
        (alarm) => alarm.nodeId === nodeId && alarm.kind === 'disk-filling' && isGone(alarm.part),
        `${name} has this disk no more`,
      )
    },

    forget: (nodeId: string): void => void watched.delete(nodeId),
  }
}

function backupFails(name: string, backups: NodeStats['backups']): Verdict {
  if (backups === null) return unsure
  const { problem } = backups
  return problem ? { is: 'bad', since: problem.since, message: `The backup of ${name} failed: ${problem.reason}` } : well
}
