import { bounds } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import { AppError, notFound } from '../errors.ts'
import type { Log } from '../log.ts'
import type { EventHub } from '../events.ts'
import type { ViewEvents } from '../view-events.ts'
import type { ClusterNode } from './members/node-registry.ts'
import type { NodeTerminals, OpenTerminal } from '../terminals/own-terminals.ts'
import { createHeldTerminal, type HeldTerminal, type TerminalOwner } from './held-terminal.ts'

/** As long as someone tries to join one again, and longer. */
const endedKnownMs = 10 * 60_000

export type OpenTerminals = ReturnType<typeof createOpenTerminals>

/** The terminals that people opened through this server, on whichever node. */
export function createOpenTerminals({
  terminalsOf,
  findNode,
  events,
  clock,
  log,
}: {
  terminalsOf: (nodeId: string, onBehalfOf: string) => NodeTerminals
  findNode: (id: string) => Pick<ClusterNode, 'name' | 'about'> | undefined
  events: Pick<EventHub<ViewEvents>, 'on'>
  clock: Clock
  log: Log
}) {
  const all = new Map<string, HeldTerminal>()
  /** Those about to be open, by caller. */
  const opening: string[] = []
  const { sessions } = bounds.terminals
  /** How those ended that someone may still ask for. */
  const ended = new Map<string, { named: TerminalOwner; words: string }>()

  // What a node ran is gone when its program was started again.
  events.on('node', ({ id, about, health }) => {
    if (health.status !== 'online') return
    for (const each of all.values()) if (each.nodeId === id) void each.look(about?.instanceId)
  })

  function remember(id: string, named: TerminalOwner, words: string): void {
    all.delete(id)
    if (words === '') return
    ended.set(id, { named, words })
    clock.after(endedKnownMs, () => ended.delete(id))
  }

  /** @throws RATE_LIMITED */
  function makeRoom(key: string): void {
    const own = [...all.values()].filter((held) => held.key === key).length + opening.filter((each) => each === key).length
    const full = own >= sessions.ofCaller ? `You have ${own} terminals open` : `${sessions.all} terminals are open on this server`
    if (own >= sessions.ofCaller || all.size + opening.length >= sessions.all)
      throw new AppError('RATE_LIMITED', `${full}. Close one first`, { retryAfterSeconds: 10 })
  }

  function adopt(named: TerminalOwner, id: string, containers: string[]): HeldTerminal {
    const held = createHeldTerminal({
      ...{ id, named, containers, clock, log },
      nodeName: () => findNode(named.nodeId)?.name ?? 'The node',
      program: findNode(named.nodeId)?.about?.instanceId,
      terminals: () => terminalsOf(named.nodeId, named.caller.name),
      onOver: (words) => remember(id, named, words),
    })
    all.set(id, held)
    held.left()
    return held
  }

  return {
    /** @throws RATE_LIMITED; as the node does */
    async open(named: TerminalOwner, input: Omit<OpenTerminal, 'owner'>): Promise<{ held: HeldTerminal; container: string }> {
      const { nodeId, caller, key, owner } = named
      makeRoom(key)
      opening.push(key)
      try {
        const { id, container } = await terminalsOf(nodeId, caller.name).open({ ...input, owner })
        return { held: adopt(named, id, [input.container, container]), container }
      } finally {
        opening.splice(opening.indexOf(key), 1)
      }
    },

    find({ nodeId, owner }: TerminalOwner, id: string): HeldTerminal | undefined {
      const held = all.get(id)
      return held?.owner === owner && held.nodeId === nodeId ? held : undefined
    },

    /** Why one of this caller's ended, for ten minutes. */
    endingOf({ nodeId, owner }: TerminalOwner, id: string): string | undefined {
      const found = ended.get(id)
      return found?.named.owner === owner && found.named.nodeId === nodeId ? found.words : undefined
    },

    /** Takes one that is open on its node but not known here, because this server was started again. @throws NOT_FOUND for one that is known, so it is another's; RATE_LIMITED */
    adopt(named: TerminalOwner, id: string): HeldTerminal {
      if (all.has(id)) throw notFound('terminal', id)
      makeRoom(named.key)
      return adopt(named, id, [])
    },
  }
}
