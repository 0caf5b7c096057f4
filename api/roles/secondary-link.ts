import type { RequestListener } from 'node:http'
import type { SecondaryConfig } from '../config.ts'
import { createLinkDialler } from '../cluster/transport/link-dialler.ts'
import { createLinkServer, keepAlive, type LinkWatch, type LinkWire } from '../cluster/transport/link-wire.ts'
import { errorMessage } from '../errors.ts'
import { keyGraceMs } from '../cluster/members/node-keys.ts'
import type { Services } from '../services.ts'

/** By then the primary has used the new key, and the old one stays valid long enough to replace links opened with it. */
const renewAfterMs = keyGraceMs / 2

/** The secondary's end of the link: opens one to the primary, accepts one that the primary opens, and answers over either. */
export function createSecondaryLink(config: SecondaryConfig, services: Services, listener: RequestListener) {
  const { client, clock, events, log, nodeCalls, primaryAddress, random, self } = services
  const server = createLinkServer(listener)
  const endings: (() => void)[] = []

  function answer(wire: LinkWire): LinkWatch {
    const session = server.answerOver(wire)
    session.on('error', (error) => log.debug({ reason: errorMessage(error) }, 'link ended'))
    return keepAlive(session, wire, clock)
  }

  const dialler = createLinkDialler({
    target: () => ({ endpoint: primaryAddress?.current() ?? config.primaryUrl, headers: client.headersFor({ apiKey: self.apiKey }) }),
    use(wire) {
      log.info({ url: primaryAddress?.current() }, 'link to primary open')
      nodeCalls.emit('primaryReached', undefined)
      return answer(wire)
    },
    onFailed(reason, attempt) {
      // Log the first failure and then every tenth, so that an hour without a primary is not a thousand lines.
      if (attempt % 10 === 0) log.warn({ url: primaryAddress?.current(), reason }, 'link to primary could not be opened')
    },
    clock,
    random,
  })

  return {
    start(): void {
      endings.push(nodeCalls.on('linkOpened', (wire) => dialler.adopt(wire, answer(wire))))
      if (config.connection === 'direct') return
      endings.push(
        nodeCalls.on('callHome', () => {
          dialler.start()
          dialler.wake()
        }),
      )
      endings.push(events.on('primaryMoved', dialler.redial))
      endings.push(nodeCalls.on('keyTaken', () => void clock.after(renewAfterMs, dialler.renew)))
      // A node that has not joined yet starts on `callHome`, after joining.
      if (!config.joinToken) dialler.start()
    },
    stop(): void {
      for (const end of endings.splice(0)) end()
      dialler.stop()
    },
  }
}
