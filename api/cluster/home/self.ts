import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import type { EventHub } from '../../events.ts'
import type { Log } from '../../log.ts'
import { ownProgram } from '../../own-command.ts'
import { capabilities, terminalsOff, type NodeAbout } from '../members/node-about.ts'
import type { HomeEvents } from './home-events.ts'
import type { NodeIdentity } from './identity.ts'
import { createOwnKey } from './own-key.ts'
import { createOwnName } from './own-name.ts'

/** This node's identity, and what it reports about its program. */
export function createSelf(deps: {
  version: string
  config: Pick<Config, 'dataDir' | 'node' | 'hasTerminals'> &
    ({ role: 'primary' } | { role: 'secondary'; connection: NodeAbout['connection'] })
  identity: NodeIdentity
  apiEndpoint: string
  homeEvents: EventHub<HomeEvents>
  clock: Clock
  log: Log
}) {
  const { version, config, identity, apiEndpoint, homeEvents, clock, log } = deps
  const { dataDir } = config
  const { name: configured, nameIsSet: isSet } = config.node
  const isPrimary = config.role === 'primary'
  const ownKey = createOwnKey({ identity, dataDir, onTaken: () => homeEvents.emit('keyTaken', undefined), clock, log })
  const ownName = isPrimary ? null : createOwnName({ configured, isSet, dataDir })

  const self = {
    id: identity.id,
    apiEndpoint,
    isPrimary,
    /** The primary can change it when this node joins. */
    get name(): string {
      return ownName?.current() ?? configured
    },
    /** It can change while the program runs. */
    get apiKey(): string {
      return ownKey.current()
    },
  }
  const about: NodeAbout = {
    version,
    capabilities: [...capabilities, ...(config.hasTerminals ? [] : [terminalsOff])],
    connection: config.role === 'secondary' ? config.connection : 'direct',
    instanceId: randomUUID(),
    startedAt: clock.now(),
    hostname: hostname(),
    program: ownProgram(),
  }
  return { self, about, ownKey, ownName }
}
