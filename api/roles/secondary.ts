import { heartbeatSchedule, heartbeatStartDelayMs } from '../cluster/home/heartbeat-times.ts'
import { createOwnHeartbeats } from '../cluster/home/own-heartbeats.ts'
import { createOwnJoining } from '../cluster/joining/own-joining.ts'
import { calls } from '../cluster/node-calls.ts'
import type { SecondaryConfig } from '../config.ts'
import { errorMessage } from '../errors.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Services } from '../services.ts'
import { registriesOf } from '../registries/registries.ts'
import { createSettingsSync } from '../settings/settings-sync.ts'

/** What a secondary does besides running its own apps: call home and fetch its settings. */
export function createSecondaryRole(config: SecondaryConfig, services: Services, scheduler: Scheduler) {
  const { about, apps, clock, home, log, random, registries, self, settings, transport } = services
  const { primaryAddress } = home
  const times = { clock, random, log }
  const endings: (() => void)[] = []
  let knownSettingsVersion: string | undefined
  const primaryUrl = (): string => primaryAddress?.current() ?? config.primaryUrl

  const settingsSync = createSettingsSync({
    ...times,
    fetchSettings() {
      const primary = { id: 'primary', name: 'the primary', apiEndpoint: primaryUrl(), apiKey: self.apiKey }
      return transport.client.call(primary, calls.settings, {})
    },
    onSynced({ primaryUrl: said }) {
      // Logins of registries change together with the version of the settings.
      void registries.refresh(registriesOf(apps.list().flatMap(({ imageUpdates }) => imageUpdates.map(({ image }) => image))))
      if (said) void moveTo(said)
    },
    settings,
  })

  /** Follows a move of the primary that this node missed while it was away. */
  async function moveTo(url: string): Promise<void> {
    const error = await primaryAddress?.heard(url).catch(errorMessage)
    if (error) log.warn({ url, error }, 'primary says it has moved, but switching to its new URL failed')
  }

  const heartbeats = createOwnHeartbeats({
    ...times,
    home,
    primaryUrl,
    onAccepted({ first, afterFailure, settingsVersion }) {
      const isOld = settingsVersion !== knownSettingsVersion
      knownSettingsVersion = settingsVersion
      if (first || afterFailure || isOld) settingsSync.run()
    },
    startDelayMs: heartbeatStartDelayMs,
  })

  const joiner = config.joinToken
    ? createOwnJoining({
        ...times,
        primaryUrl: config.primaryUrl,
        token: config.joinToken,
        self,
        name: config.node.name,
        about,
        isMember: heartbeats.isAccepted,
        joinedAs: home.joinedAs,
        onMember: () => home.events.emit('callHome', undefined),
      })
    : null

  /** Does nothing until the node has joined. */
  function callHome(): void {
    if (joiner?.isDone() ?? true) heartbeats.sendNow()
  }

  /** The primary has just called, so whatever waits for it can go on now. */
  function primaryIsThere(): void {
    joiner?.tryNow()
    settingsSync.run()
    if (heartbeats.isFailing()) heartbeats.sendNow()
  }

  return {
    async start(): Promise<void> {
      // Until the primary answers, the last fetched settings apply.
      await settings.start({})
      endings.push(home.events.on('streamOpened', primaryIsThere))
      endings.push(home.events.on('primaryReached', primaryIsThere))
      endings.push(home.events.on('callHome', callHome))
      // The session is lost: the primary is down, or believes that this node is. Either way, send a heartbeat now.
      endings.push(home.events.on('streamClosed', callHome))
      endings.push(home.events.on('settingsChanged', settingsSync.run))
      if (joiner) {
        joiner.start()
      } else {
        settingsSync.run()
        heartbeats.start()
      }
      scheduler.every('heartbeat', heartbeatSchedule(self.id), callHome)
      log.info({ heartbeat_interval: '60s', primary: primaryUrl() }, 'background tasks started')
    },
    stop(): void {
      for (const end of endings.splice(0)) end()
      joiner?.stop()
      heartbeats.stop()
      settingsSync.stop()
    },
  }
}
