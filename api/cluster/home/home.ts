import { networkInterfaces } from 'node:os'
import type { Clock } from '../../clock.ts'
import type { Config, SecondaryConfig } from '../../config.ts'
import type { EventHub } from '../../events.ts'
import type { Log } from '../../log.ts'
import type { ViewEvents } from '../../view-events.ts'
import type { NodeAbout } from '../members/node-about.ts'
import type { NodeRegistry } from '../members/node-registry.ts'
import type { NodeClient } from '../transport/node-client.ts'
import { createHomeCall, refuseStrangers } from './call-home.ts'
import type { HomeEvents } from './home-events.ts'
import type { OwnKey } from './own-key.ts'
import type { OwnName } from './own-name.ts'
import { createPrimaryAddress } from './primary-address.ts'
import { createPrimaryContact } from './primary-contact.ts'
import { createWakeWatch, ownAddresses } from './wake-watch.ts'

export type Home = ReturnType<typeof createHome>

interface Dependencies {
  config: Config
  self: { id: string; isPrimary: boolean; apiKey: string }
  about: NodeAbout
  ownKey: OwnKey
  ownName: OwnName | null
  client: NodeClient
  registry: Pick<NodeRegistry, 'renameSelf'>
  homeEvents: EventHub<HomeEvents>
  events: EventHub<ViewEvents>
  clock: Clock
  log: Log
}

/** This node's own side: where its primary is, and what happens to this machine. */
export function createHome(deps: Dependencies) {
  const { config, self, about, ownKey, ownName, client, registry, homeEvents, events, clock } = deps
  const callHome = createHomeCall({ client, self, about })
  const primary = config.role === 'secondary' ? primaryOf(config, callHome, deps) : null
  const wakeWatch = wakeWatchOf(deps)
  let acceptedPrimary: { id: string; at: Date } | null = null
  if (!self.isPrimary) homeEvents.on('authenticated', (id) => (acceptedPrimary = { id, at: clock.now() }))

  return {
    events: homeEvents,
    ownKey,
    callHome,
    /** The primary's address; null on a primary. */
    primaryAddress: primary?.address ?? null,
    /** Whether the primary answers this secondary; null on a primary. */
    primaryContact: primary?.contact ?? null,
    /** The node that this secondary last accepted as its primary. */
    acceptedPrimary: () => acceptedPrimary,
    /** Called when the primary has accepted this node under this name. */
    async joinedAs(name: string): Promise<void> {
      try {
        ownName?.joinedAs(name)
      } finally {
        await registry.renameSelf()
        events.emit('server', undefined)
      }
    },
    start: wakeWatch.start,
    stop(): void {
      wakeWatch.stop()
      ownKey.stop()
    },
  }
}

function primaryOf(config: SecondaryConfig, callHome: ReturnType<typeof createHomeCall>, { events, clock, log }: Dependencies) {
  const address = createPrimaryAddress({
    fromEnvironment: config.primaryUrl,
    dataDir: config.dataDir,
    async prove(url) {
      await refuseStrangers(url)
      return (await callHome(url)).primaryId
    },
    // The answer to this request may still be on its way over the link that this event closes.
    onChange: () => void clock.after(500, () => events.emit('primaryMoved', undefined)),
    clock,
    log,
  })
  const contact = createPrimaryContact({ url: address.current, clock, onChange: () => events.emit('server', undefined) })
  return { address, contact }
}

/** Connections lost while a machine sleeps or moves are noticed late, so the node calls home at once. */
function wakeWatchOf({ homeEvents, clock, log }: Dependencies) {
  return createWakeWatch({
    addresses: () => ownAddresses(networkInterfaces()),
    onStoodStill(ms) {
      log.warn(
        { stood_still_s: Math.round(ms / 1000) },
        'this program was paused: the machine slept, or the process was stopped or blocked. Jobs it missed are skipped',
      )
      homeEvents.emit('callHome', undefined)
    },
    onMoved() {
      log.info('the network addresses of this machine changed')
      homeEvents.emit('callHome', undefined)
    },
    clock,
  })
}
