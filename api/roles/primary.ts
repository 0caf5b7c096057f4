import { errorMessage } from '../errors.ts'
import type { PrimaryConfig } from '../config.ts'
import { calls } from '../cluster/node-calls.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Services } from '../services.ts'

/** What a primary does besides running its own apps: watch the nodes of its cluster. */
export function createPrimaryRole(config: PrimaryConfig, services: Services, scheduler: Scheduler) {
  const {
    addressOf,
    alarms,
    keyChanges,
    checks,
    client,
    clones,
    dialback,
    events,
    holds,
    links,
    lostSessions,
    log,
    registry,
    self,
    settings,
    streams,
  } = services
  const endings: (() => void)[] = []

  const others = () => registry.list().filter((node) => node.id !== self.id)

  /** A node that cannot be reached now learns of the change from its next heartbeat. */
  function tellSettingsChanged(): void {
    for (const node of others().filter(({ health }) => health.status === 'online')) {
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
      endings.push(events.on('settings', tellSettingsChanged))
      alarms.start()
      for (const node of others()) streams.open(node.id)
      scheduler.every('node copies', '*/10 * * * * *', clones.tick)
      keyChanges.tick()
      scheduler.every('node keys', '*/20 * * * * *', keyChanges.tick)
      scheduler.every('health checks', '* * * * * *', checks.tick)
      scheduler.every('end of maintenance', '* * * * * *', holds.tick)
      log.info({ health_check_interval: '30s' }, 'background tasks started')
    },
    stop(): void {
      for (const end of endings.splice(0)) end()
      checks.stop()
      alarms.stop()
      streams.stop()
      dialback.stop()
      links.stop()
      lostSessions.stop()
    },
  }
}
