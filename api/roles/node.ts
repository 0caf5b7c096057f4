import { autoUpdateAuthor, type OutsideOfApps } from '../apps/images/updating-alone.ts'
import { errorMessage } from '../errors.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Services } from '../services.ts'

/** What every node does in either role: run its own apps and report its state. */
export function createNodeRole(services: Services, scheduler: Scheduler) {
  const { access, alarms, apps, auditedOperations, backups, engine, feed, health, home, imageChecks, joining, notifications } = services
  const { history, ownTerminals, timeline, totals, log, members, monitor, registries, secrets, self, storage } = services

  /** Every part writes independently, so one failure does not stop the others. @throws the first failure */
  async function flush(): Promise<void> {
    const parts = [apps.operations, apps, members.registry, feed, access, auditedOperations, health, alarms, history, timeline, totals]
    const outcomes = await Promise.allSettled(parts.map((part) => part.flush()))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** The node's own line in its audit log, for what nobody asked for just now. */
  const audited: OutsideOfApps['audited'] = ({ id, name }, start) =>
    auditedOperations.around(
      { name: autoUpdateAuthor, via: 'schedule', address: '' },
      { action: 'app.update-images', nodeId: self.id, appId: id, subject: name },
      start,
    )

  /** On shutdown a failed write is logged and not retried. */
  const lastWords = (error: unknown): void => log.error({ error: errorMessage(error) }, 'the latest changes could not be saved')

  return {
    async start(): Promise<void> {
      log.info({ id: self.id, name: self.name, role: self.isPrimary ? 'primary' : 'secondary' }, 'node identity')
      await secrets.finishRotation()
      await access.start()
      await members.registry.start()
      await health.start()
      await joining.tokens.start()
      await registries.start()
      await feed.start()
      await notifications.start()
      await alarms.start()
      await auditedOperations.start()
      await apps.start()
      await history.start()
      await totals.start()
      timeline.happened({ kind: 'program', what: 'started', detail: `version ${services.version}` })
      await feed.followSelf()
      monitor.start()
      // Not awaited: the node serves requests even while Docker is away or slow.
      void apps.watchContainers()
      await engine.start()
      ownTerminals.start()
      home.start()
      await backups.start()
      // A crash loses at most this much of the timestamps. The alternative is one transaction per heartbeat.
      scheduler.every('app schedules', '*/5 * * * * *', apps.runSchedules)
      scheduler.every('automatic updates', '*/5 * * * * *', () => apps.runAutoUpdates({ check: imageChecks.check, audited }))
      scheduler.every('alarms', '*/5 * * * * *', alarms.tick)
      scheduler.every('write behind', '*/5 * * * * *', flush)
      scheduler.every('observed time', '*/5 * * * * *', () => health.history.beat())
      scheduler.every('disk space', '*/3 * * * * *', storage.tick)
      scheduler.every('backup', '*/10 * * * * *', backups.tick)
      scheduler.every('old status changes', '0 17 * * * *', health.history.prune)
      scheduler.every('old history', '0 */10 * * * *', async () => {
        await history.prune()
        await totals.prune()
        await timeline.prune()
      })
      scheduler.every('old notifications', '0 27 * * * *', () => notifications.prune(alarms.hasOpen))
      scheduler.every('old audit log lines', '0 37 * * * *', access.pruneAudit)
    },

    async stop(): Promise<void> {
      await ownTerminals.stop()
      await backups.stop()
      await apps.stop()
      engine.stop()
      home.stop()
      await monitor.stop()
      history.end()
      timeline.happened({ kind: 'program', what: 'stopped' })
      feed.stop()
      await registries.stop()
      await notifications.stop()
      await access.stop().catch(lastWords)
      await flush().catch(lastWords)
      await health.history.beat({ last: true }).catch(lastWords)
    },
  }
}
