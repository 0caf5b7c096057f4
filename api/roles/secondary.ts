import type { SecondaryConfig } from '../config.ts'
import { createJoinCall } from '../cluster/joining/join-call.ts'
import { calls } from '../cluster/node-calls.ts'
import { NodeCallError } from '../cluster/transport/node-call-error.ts'
import { errorMessage } from '../errors.ts'
import { createHeartbeatTimes, type HeartbeatOutcome } from '../cluster/home/heartbeat-times.ts'
import { createJoiner, type JoinOutcome } from '../cluster/joining/joiner.ts'
import type { EarlierFailure } from '../cluster/joining/join-hops.ts'
import { phaseOf } from '../cluster/members/check-times.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Services } from '../services.ts'
import { createSettingsSync } from '../settings/settings-sync.ts'

/** What a secondary does besides running its own apps: call home and fetch its settings. */
export function createSecondaryRole(config: SecondaryConfig, services: Services, scheduler: Scheduler) {
  const { access, client, clock, log, nodeCalls, primaryAddress, primaryContact, random, self, settings } = services
  const endings: (() => void)[] = []
  let knownSettingsVersion: string | undefined
  const primaryUrl = (): string => primaryAddress?.current() ?? config.primaryUrl

  const settingsSync = createSettingsSync({
    fetchSettings() {
      const apiEndpoint = primaryUrl()
      return client.call({ id: 'primary', name: 'the primary', apiEndpoint, apiKey: self.apiKey }, calls.settings, {})
    },
    onSynced: ({ primaryUrl: said }) => void (said && moveTo(said)),
    settings,
    clock,
    random,
    log,
  })

  /** Follows a move of the primary that this node missed while it was away. */
  async function moveTo(url: string): Promise<void> {
    const error = await primaryAddress?.heard(url).catch(errorMessage)
    if (error) log.warn({ url, error }, 'primary says it has moved, but switching to its new URL failed')
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
      // A primary that is starting, or a proxy in front of one that is away, refuses only for a moment.
      const passes = (error.httpStatus ?? 0) >= 500 || error.httpStatus === 429
      if (error.answered && !passes) return { kind: 'refused', reason: error.why }
      return { kind: 'no-answer', reason: error.why, retryAfterMs: error.retryAfterMs }
    }
  }

  const heartbeats = createHeartbeatTimes({
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
    // Ask for the configured name, not for an earlier cluster's name for this node.
    const asking = { ...self, name: config.node.name }
    const outcome = await createJoinCall({ primaryUrl: joinUrl, token, self: asking, about: services.about, clock })(earlier)
    if (outcome.kind === 'joined') {
      await services
        .joinedAs(outcome.name)
        .catch((error: unknown) => log.warn({ error: errorMessage(error) }, 'could not save the name of this node'))
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
      endings.push(nodeCalls.on('streamOpened', primaryIsThere))
      endings.push(nodeCalls.on('primaryReached', primaryIsThere))
      endings.push(nodeCalls.on('callHome', callHome))
      // The session is lost: the primary is down, or believes that this node is. Either way, send a heartbeat now.
      endings.push(nodeCalls.on('streamClosed', callHome))
      endings.push(nodeCalls.on('settingsChanged', settingsSync.run))
      if (joiner) {
        joiner.start()
      } else {
        settingsSync.run()
        heartbeats.start()
      }
      // Each node has its own second of the minute, so that a rack of nodes does not call all at once.
      scheduler.every('heartbeat', `${Math.floor(phaseOf(self.id) * 60)} * * * * *`, callHome)
      // Another process sets them up. Someone removed there must lose access here within seconds.
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
