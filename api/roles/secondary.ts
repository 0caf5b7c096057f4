import type { SecondaryConfig } from '../config.ts'
import { createJoinCall } from '../cluster/join-call.ts'
import { NodeCallError } from '../cluster/node-client.ts'
import { errorMessage } from '../errors.ts'
import { createHeartbeatSender, type HeartbeatOutcome } from '../nodes/heartbeat-sender.ts'
import { createJoiner, type JoinOutcome } from '../nodes/joiner.ts'
import type { EarlierFailure } from '../nodes/join-hops.ts'
import { phaseOf } from '../nodes/check-times.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Services } from '../services.ts'
import { createSettingsSync } from '../settings/settings-sync.ts'

/** What a secondary does beside running its own apps: it calls home and fetches what it needs to know. */
export function createSecondaryRole(config: SecondaryConfig, services: Services, scheduler: Scheduler) {
  const { access, client, clock, log, nodeCalls, primaryAddress, primaryContact, random, self, settings } = services
  const endings: (() => void)[] = []
  let knownSettingsVersion: string | undefined
  const primaryUrl = (): string => primaryAddress?.current() ?? config.primaryUrl

  const settingsSync = createSettingsSync({
    fetchSettings() {
      const apiEndpoint = primaryUrl()
      return client.request({ id: 'primary', name: 'the primary', apiEndpoint, apiKey: self.apiKey }, { path: '/api/internal/settings' })
    },
    onSynced: ({ primaryUrl: said }) => void (said && moveTo(said)),
    settings,
    clock,
    random,
    log,
  })

  /** What the primary said while this node was away. */
  async function moveTo(url: string): Promise<void> {
    const error = await primaryAddress?.heard(url).catch(errorMessage)
    if (error) log.warn({ url, error }, 'primary says that it has moved, and that could not be followed')
  }

  async function send(): Promise<HeartbeatOutcome> {
    try {
      const { settingsVersion, primaryId } = await services.callHome(primaryUrl())
      primaryContact?.note(null)
      primaryAddress?.answered(primaryId)
      return { kind: 'accepted', settingsVersion }
    } catch (error) {
      if (!(error instanceof NodeCallError)) throw error
      primaryContact?.note(error.why)
      primaryAddress?.failed()
      // One that is just starting, or a proxy before one that is away, says no for a moment only.
      const passes = (error.httpStatus ?? 0) >= 500 || error.httpStatus === 429
      if (error.answered && !passes) return { kind: 'refused', reason: error.why }
      return { kind: 'no-answer', reason: error.why, retryAfterMs: error.retryAfterMs }
    }
  }

  const heartbeats = createHeartbeatSender({
    primaryUrl,
    send,
    onAccepted({ first, afterFailure, settingsVersion }) {
      const isOld = settingsVersion !== knownSettingsVersion
      knownSettingsVersion = settingsVersion
      if (first || afterFailure || isOld) settingsSync.run()
    },
    startDelayMs: config.heartbeat.startDelayMs,
    clock,
    random,
    log,
  })

  const { primaryUrl: joinUrl, joinToken: token } = config

  async function join(token: string, earlier: EarlierFailure[]): Promise<JoinOutcome> {
    // What it was called before is no wish: the name is made anew of what it is called here.
    const asking = { ...self, name: config.node.name }
    const outcome = await createJoinCall({ primaryUrl: joinUrl, token, self: asking, about: services.about, clock })(earlier)
    if (outcome.kind === 'joined') {
      await services
        .joinedAs(outcome.name)
        .catch((error: unknown) => log.warn({ error: errorMessage(error) }, 'own name could not be kept'))
    }
    return outcome
  }

  const joiner = token
    ? createJoiner({
        primaryUrl: joinUrl,
        isMember: () =>
          send().then(
            ({ kind }) => kind === 'accepted',
            () => false,
          ),
        join: (earlier) => join(token, earlier),
        onMember: () => nodeCalls.emit('callHome', undefined),
        clock,
        random,
        log,
      })
    : null

  /** Until it has joined a node has nothing to call home for. */
  function callHome(): void {
    if (joiner?.isDone() ?? true) heartbeats.sendNow()
  }

  /** The primary has just called: it is there, so whatever waits for it need not wait any longer. */
  function primaryIsThere(): void {
    joiner?.tryNow()
    settingsSync.run()
    if (heartbeats.isFailing()) heartbeats.sendNow()
  }

  return {
    async start(): Promise<void> {
      // What was fetched last holds until the primary answers.
      await settings.start({})
      endings.push(nodeCalls.on('streamOpened', primaryIsThere))
      endings.push(nodeCalls.on('primaryReached', primaryIsThere))
      endings.push(nodeCalls.on('callHome', callHome))
      // The session is lost: the primary is gone, or thinks that this node is. Either way it should hear from it now.
      endings.push(nodeCalls.on('streamClosed', callHome))
      endings.push(nodeCalls.on('settingsChanged', settingsSync.run))
      if (joiner) {
        joiner.start()
      } else {
        settingsSync.run()
        heartbeats.start()
      }
      // Each node has its own second of the minute, so that a rack of them does not call in step.
      scheduler.every('heartbeat', `${Math.floor(phaseOf(self.id) * 60)} * * * * *`, callHome)
      // They are set up in another process: who was removed there has to be out here within seconds.
      scheduler.every('local users', '*/2 * * * * *', access.refreshLocalUsers)
      log.info({ heartbeat_interval: '60s', primary: primaryUrl() }, 'background tasks started')
    },
    stop(): void {
      for (const end of endings.splice(0)) end()
      joiner?.stop()
      heartbeats.stop()
      services.ownKey.stop()
      settingsSync.stop()
    },
  }
}
