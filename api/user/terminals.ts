import { createHash } from 'node:crypto'
import type { Action } from '../auth/action.ts'
import { callerKey, may } from '../auth/caller.ts'
import type { HeldTerminal, TerminalView } from '../cluster/held-terminal.ts'
import type { Inventory } from '../cluster/feed/inventory.ts'
import type { OpenTerminals } from '../cluster/open-terminals.ts'
import type { TerminalSize } from '../docker/engine.types.ts'
import { AppError } from '../errors.ts'
import type { Access } from './access.ts'

export const terminalActions = {
  open: { word: 'terminal.open', permission: 'app.change', on: 'node' },
  join: { word: 'terminal.join', permission: 'app.change', on: 'node' },
} as const satisfies Record<string, Action>

export interface AskedTerminal {
  cols: number
  rows: number
  /** Empty: a shell. */
  command: string[]
}

export interface LookedAt {
  held: HeldTerminal
  view: TerminalView
  /** Whether it is new here, so that nothing ends it with its credential yet. */
  isNew: boolean
}

/** Terminals in the containers of nodes that a caller sees. What is typed and written is written down nowhere. */
export function createUserTerminals({
  access,
  hub,
  inventory,
}: {
  access: Access
  hub: OpenTerminals
  inventory: Pick<Inventory, 'thing'>
}) {
  const { caller, sight } = access
  const { via, userId, credentialId, name } = caller
  const owner = createHash('sha256')
    .update(JSON.stringify([via, userId, credentialId, name]))
    .digest('hex')
  const named = (nodeId: string) => ({ nodeId, caller, key: callerKey(caller), owner })
  /** For the audit log. A container that is not known, or not seen, is what the caller calls it. */
  const target = (nodeId: string, container: string) => {
    const known = sight.findNode(nodeId) && inventory.thing(nodeId, 'container', container)
    const name = known?.name ?? container
    return { id: nodeId, words: `: ${name}`, refusedAs: name }
  }
  const over = ({ held }: { held: HeldTerminal }): Promise<string> => held.over

  return {
    /** Opens one in a container, named by its id or name. @throws FORBIDDEN, NOT_FOUND, CONFLICT, RATE_LIMITED, NODE_UNREACHABLE */
    async open(nodeId: string, container: string, asked: AskedTerminal): Promise<LookedAt> {
      const opened = await access.through(
        terminalActions.open,
        target(nodeId, container),
        () => hub.open(named(nodeId), { container, ...asked, isAdministrator: may(caller, 'app.allow') }),
        { over, about: (result) => ({ subject: `${sight.node(nodeId).name}: ${result.container}` }) },
      )
      try {
        return { held: opened.held, view: await opened.held.attach(container), isNew: true }
      } catch (error) {
        opened.held.end({ reason: 'It could not be shown', isOfCredential: false })
        throw error
      }
    },

    /** Looks at one again, in this size, that the same account opened with the same credential. @throws NOT_FOUND for any other; FORBIDDEN, NODE_UNREACHABLE */
    async join(nodeId: string, container: string, id: string, size: TerminalSize | null): Promise<LookedAt> {
      await access.check(terminalActions.join, target(nodeId, container))
      const known = hub.find(named(nodeId), id)
      try {
        const looked = known ? { held: known, view: await known.attach(container), isNew: false } : await adopt(nodeId, container, id)
        // One that has just ended has no size.
        if (size) looked.held.resize(size).catch(() => undefined)
        return looked
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'NOT_FOUND') throw error
        access.noteRefusal(
          terminalActions.join,
          { id: nodeId, subject: `${sight.node(nodeId).name}${target(nodeId, container).words}` },
          error.message,
        )
        throw new AppError('NOT_FOUND', hub.endingOf(named(nodeId), id) ?? `There is no terminal ${id} of yours here. It may have ended`)
      }
    },
  }

  /** This server was started again while it was open. Its node knows whose it is. */
  async function adopt(nodeId: string, container: string, id: string): Promise<LookedAt> {
    const held = hub.adopt(named(nodeId), id)
    let view: TerminalView
    try {
      view = await held.attach(container)
    } catch (error) {
      held.forget()
      throw error
    }
    await access.through(terminalActions.join, target(nodeId, container), async () => ({ held }), { over, about: () => ({}) })
    return { held, view, isNew: true }
  }
}
