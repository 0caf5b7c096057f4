import { errorMessage } from '../errors.ts'
import type { PrimaryConfig } from '../config.ts'
import { calls } from '../cluster/node-calls.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Services } from '../services.ts'

/** What a primary does besides running its own apps: watch the nodes of its cluster. */
export function createPrimaryRole(config: PrimaryConfig, services: Services, scheduler: Scheduler) {
  const { alarms, copies, events, feed, health, imageChecks, keys, log, members, self, settings, transport } = services
  const { client, addressOf } = transport
  const endings: (() => void)[] = []

  /** A node that cannot be reached now learns of the change from its next heartbeat. */
  function tellSettingsChanged(): void {
    for (const node of members.registry.list().filter(({ id, health }) => id !== self.id && health.status === 'online')) {
      client
        .call(addressOf(node.id), calls.settingsChanged, {})
        .catch((error: unknown) => log.warn({ node: node.name, error: errorMessage(error) }, 'could not notify node of changed settings'))
    }
  }

  return {
    async start(): Promise<void> {
      await settings.start({
        cloudflareApiToken: config.cloudflare.apiToken ?? null,
        cloudflareAccountId: config.cloudflare.accountId ?? null,
      })
      endings.push(events.on('settings', tellSettingsChanged), await copies.start())
      health.alarms.start()
      alarms.followLost()
      feed.followOthers()
      scheduler.every('node copies', '*/10 * * * * *', members.clones.tick)
      keys.tick()
      scheduler.every('node keys', '*/20 * * * * *', keys.tick)
      scheduler.every('image checks', '*/10 * * * * *', imageChecks.tick)
      scheduler.every('health checks', '* * * * * *', health.checks.tick)
      scheduler.every('end of maintenance', '* * * * * *', members.holds.tick)
      log.info({ health_check_interval: '30s' }, 'background tasks started')
    },
    stop(): void {
      for (const end of endings.splice(0)) end()
      health.stop()
      feed.streams.stop()
      transport.stop()
    },
  }
}
