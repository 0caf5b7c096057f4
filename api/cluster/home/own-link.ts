import type { RequestListener } from 'node:http'
import type { Clock } from '../../clock.ts'
import type { SecondaryConfig } from '../../config.ts'
import { errorMessage } from '../../errors.ts'
import type { EventHub } from '../../events.ts'
import type { Log } from '../../log.ts'
import type { ViewEvents } from '../../view-events.ts'
import { keyGraceMs } from '../members/node-keys.ts'
import { createLinkDialer } from '../transport/link-dialer.ts'
import { createLinkServer, keepAlive, type LinkWatch, type LinkWire } from '../transport/link-socket.ts'
import type { NodeClient } from '../transport/node-client.ts'
import type { Home } from './home.ts'

/** By then the primary has used the new key, and the old one stays valid long enough to replace links opened with it. */
const renewAfterMs = keyGraceMs / 2

/** A secondary's end of the link: opens one to the primary, accepts one that the primary opens, and answers over either. */
export function createLinkHome(deps: {
  config: Pick<SecondaryConfig, 'connection' | 'joinToken'>
  self: { apiKey: string }
  home: Pick<Home, 'events' | 'primaryAddress'>
  client: NodeClient
  events: EventHub<ViewEvents>
  listener: RequestListener
  clock: Clock
  random: () => number
  log: Log
}) {
  const { config, self, home, client, events, clock, random, log } = deps
  const server = createLinkServer(deps.listener)
  const endings: (() => void)[] = []
  const primaryUrl = (): string => home.primaryAddress?.current() ?? ''

  function answer(wire: LinkWire): LinkWatch {
    const session = server.answerOver(wire)
    session.on('error', (error) => log.debug({ reason: errorMessage(error) }, 'link ended'))
    return keepAlive(session, wire, clock)
  }

  const dialer = createLinkDialer({
    target: () => ({ endpoint: primaryUrl(), headers: client.headersFor({ apiKey: self.apiKey }) }),
    use(wire) {
      log.info({ url: primaryUrl() }, 'link to primary open')
      home.events.emit('primaryReached', undefined)
      return answer(wire)
    },
    onFailed(reason, attempt) {
      // Log the first failure and then every tenth, so that an hour without a primary is not a thousand lines.
      if (attempt % 10 === 0) log.warn({ url: primaryUrl(), reason }, 'link to primary could not be opened')
    },
    clock,
    random,
  })

  return {
    start(): void {
      endings.push(home.events.on('linkOpened', (wire) => dialer.adopt(wire, answer(wire))))
      if (config.connection === 'direct') return
      endings.push(
        home.events.on('callHome', () => {
          dialer.start()
          dialer.wake()
        }),
      )
      endings.push(events.on('primaryMoved', dialer.redial))
      endings.push(home.events.on('keyTaken', () => void clock.after(renewAfterMs, dialer.renew)))
      // A node that has not joined yet starts on `callHome`, after joining.
      if (!config.joinToken) dialer.start()
    },
    stop(): void {
      for (const end of endings.splice(0)) end()
      dialer.stop()
    },
  }
}
