import { bounds } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import { AppError, notFound } from '../errors.ts'
import type { Log } from '../log.ts'
import type { NodeTerminals, OpenTerminal } from '../terminals/own-terminals.ts'
import { createHeldTerminal, type HeldTerminal, type TerminalOwner } from './held-terminal.ts'

export type OpenTerminals = ReturnType<typeof createOpenTerminals>

/** The terminals that people opened through this server, on whichever node. */
export function createOpenTerminals({
  terminalsOf,
  clock,
  log,
}: {
  terminalsOf: (nodeId: string, onBehalfOf: string) => NodeTerminals
  clock: Clock
  log: Log
}) {
  const all = new Map<string, HeldTerminal>()
  /** Those about to be open, by caller. */
  const opening: string[] = []
  const { sessions } = bounds.terminals

  /** @throws RATE_LIMITED */
  function makeRoom(key: string): void {
    const own = [...all.values()].filter((held) => held.key === key).length + opening.filter((each) => each === key).length
    const full = own >= sessions.ofCaller ? `You have ${own} terminals open` : `${sessions.all} terminals are open on this server`
    if (own >= sessions.ofCaller || all.size + opening.length >= sessions.all)
      throw new AppError('RATE_LIMITED', `${full}. Close one first`, { retryAfterSeconds: 10 })
  }

  function adopt(named: TerminalOwner, id: string): HeldTerminal {
    const held = createHeldTerminal({
      ...{ id, named, clock, log },
      terminals: () => terminalsOf(named.nodeId, named.caller.name),
      onOver: () => all.delete(id),
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
        return { held: adopt(named, id), container }
      } finally {
        opening.splice(opening.indexOf(key), 1)
      }
    },

    find({ nodeId, owner }: TerminalOwner, id: string): HeldTerminal | undefined {
      const held = all.get(id)
      return held?.owner === owner && held.nodeId === nodeId ? held : undefined
    },

    /** Takes one that is open on its node but not known here, because this server was started again. @throws NOT_FOUND for one that is known, so it is another's; RATE_LIMITED */
    adopt(named: TerminalOwner, id: string): HeldTerminal {
      if (all.has(id)) throw notFound('terminal', id)
      makeRoom(named.key)
      return adopt(named, id)
    },
  }
}
