import { networkInterfaces } from 'node:os'
import { errorMessage } from '../errors.ts'
import { createWakeWatch, ownAddresses } from '../cluster/home/wake-watch.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Services } from '../services.ts'

/** How long Compose can finish its work when the node stops. With the 3 s it gets to exit, stopping stays within 10 s. */
const operationGraceMs = 4000

/** What every node does in either role: run its own apps and report its state. */
export function createNodeRole(services: Services, scheduler: Scheduler) {
  const {
    access,
    apps,
    auditedOperations,
    clock,
    containers,
    monitor,
    nodeCalls,
    operations,
    feed,
    history,
    inventory,
    joinTokens,
    registry,
  } = services
  const { self, storage, log } = services
  let unsubscribe: () => void = () => undefined

  const wakeWatch = createWakeWatch({
    addresses: () => ownAddresses(networkInterfaces()),
    onStoodStill(ms) {
      log.warn(
        { stood_still_s: Math.round(ms / 1000) },
        'this program was paused: the machine slept, or the process was stopped or blocked. Jobs it missed are skipped',
      )
      nodeCalls.emit('stoodStill', ms)
      nodeCalls.emit('callHome', undefined)
    },
    onMoved() {
      log.info('the network addresses of this machine changed')
      nodeCalls.emit('callHome', undefined)
    },
    clock,
  })

  /** Every part writes independently, so one failure does not stop the others. @throws the first failure */
  async function flush(): Promise<void> {
    const outcomes = await Promise.allSettled(
      [operations, apps, registry, inventory, access, auditedOperations, history].map((part) => part.flush()),
    )
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** On shutdown a failed write is logged and not retried. */
  const lastWords = (error: unknown): void => log.error({ error: errorMessage(error) }, 'the latest changes could not be saved')

  return {
    async start(): Promise<void> {
      log.info({ id: self.id, name: self.name, role: self.isPrimary ? 'primary' : 'secondary' }, 'node identity')
      await services.finishKeyRotation()
      await access.start()
      await registry.start()
      await history.start()
      await joinTokens.start()
      await inventory.start()
      await auditedOperations.start()
      await apps.start()
      unsubscribe = await feed.subscribe((event) => services.hear(self.id, event))
      monitor.start()
      // Not awaited: the node serves requests even while Docker is away or slow.
      void containers.start()
      wakeWatch.start()
      // A crash loses at most this much of the timestamps. The alternative is one transaction per heartbeat.
      scheduler.every('write behind', '*/5 * * * * *', flush)
      scheduler.every('observed time', '*/5 * * * * *', () => history.beat())
      scheduler.every('disk space', '*/3 * * * * *', storage.tick)
      scheduler.every('old status changes', '0 17 * * * *', history.prune)
      scheduler.every('old audit log lines', '0 37 * * * *', access.pruneAudit)
    },

    /** Lets running operations finish or records them as interrupted, then stops everything that observes. */
    async stop(): Promise<void> {
      await operations.stop(operationGraceMs)
      apps.stop()
      wakeWatch.stop()
      containers.stop()
      await monitor.stop()
      unsubscribe()
      await access.stop().catch(lastWords)
      await flush().catch(lastWords)
      await history.beat({ last: true }).catch(lastWords)
    },
  }
}
