import { networkInterfaces } from 'node:os'
import { errorMessage } from '../errors.ts'
import { createWakeWatch, ownAddresses } from '../nodes/wake-watch.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Services } from '../services.ts'

/** Compose gets this long to finish what it is doing when the node stops; with its 3 s to end it stays within 10 s. */
const operationGraceMs = 4000

/** What every node does, whatever its role: it runs its own apps and says how it is. */
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
        'this program stood still: the machine slept, or the process was stopped or held up. What it missed is not made up for',
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

  /** Each for itself: what cannot write its own keeps none of the others from it. @throws the first failure */
  async function flush(): Promise<void> {
    const outcomes = await Promise.allSettled(
      [operations, apps, registry, inventory, access, auditedOperations, history].map((part) => part.flush()),
    )
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** Nobody waits for a disk when the program ends: what was not written is lost, and told. */
  const lastWords = (error: unknown): void => log.error({ error: errorMessage(error) }, 'what changed last could not be saved')

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
      // Docker may be away or slow: the node serves meanwhile.
      void containers.start()
      wakeWatch.start()
      // Trades at most this much of timestamps lost in a crash against one transaction per heartbeat.
      scheduler.every('write behind', '*/5 * * * * *', flush)
      scheduler.every('observed time', '*/5 * * * * *', () => history.beat())
      scheduler.every('room on the disk', '*/3 * * * * *', storage.tick)
      scheduler.every('old changes of status', '0 17 * * * *', history.prune)
      scheduler.every('old lines of the audit log', '0 37 * * * *', access.pruneAudit)
    },

    /** Lets running operations finish or records that they were interrupted, then ends what observes. */
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
