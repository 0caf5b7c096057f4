import type { Clock } from '../../clock.ts'

/** Something a node sent that could not be read, or only in part. */
export interface Unread {
  /** A path such as `things/app/<id>`. The entry is replaced when that path or a parent of it is read again. */
  key: string
  /** For a person, such as `app web: containers 3 cannot be read`. */
  what: string
}

/** How long to show entries about items that may never be sent again. */
const shownMs = 15 * 60_000
const lasting = /^(things\/app|room|stats|about)/
/** Per node. Any more would repeat the same problem. */
const mostKept = 50

export type UnreadThings = ReturnType<typeof createUnreadable>

/**
 * What nodes send that this primary cannot read: usually because the node runs another version or has unexpected values.
 * Only the unreadable item is lost, so people must be told. An entry ends when the item can be read or is gone.
 */
export function createUnreadable(deps: { onChange: (nodeId: string) => void; clock: Clock }) {
  const { clock } = deps
  const nodes = new Map<string, Map<string, { what: string; since: Date; lastAt: number }>>()

  const isShown = (key: string, lastAt: number): boolean => lasting.test(key) || clock.now().getTime() - lastAt < shownMs

  return {
    /** The node sent `scope`; `found` is everything in it that could not be read. */
    heard(nodeId: string, scope: string, found: Unread[]): void {
      const known = nodes.get(nodeId)
      if (!known && found.length === 0) return
      const kept = new Map([...(known ?? [])].filter(([key, { lastAt }]) => !isWithin(key, scope) && isShown(key, lastAt)))
      const now = clock.now()
      let isNew = false
      for (const { key, what } of found.slice(0, Math.max(0, mostKept - kept.size))) {
        const before = known?.get(key)
        isNew ||= before?.what !== what
        kept.set(key, { what, since: before?.since ?? now, lastAt: now.getTime() })
      }
      if (kept.size > 0) nodes.set(nodeId, kept)
      else nodes.delete(nodeId)
      if (isNew || kept.size !== known?.size) deps.onChange(nodeId)
    },

    /** Null if everything from the node can be read. */
    of(nodeId: string): { things: string[]; since: Date } | null {
      const shown = [...(nodes.get(nodeId) ?? [])].filter(([key, { lastAt }]) => isShown(key, lastAt)).map(([, thing]) => thing)
      if (shown.length === 0) return null
      return { things: shown.map(({ what }) => what), since: new Date(Math.min(...shown.map(({ since }) => since.getTime()))) }
    },

    forget: (nodeId: string): void => void nodes.delete(nodeId),
  }
}

const isWithin = (key: string, scope: string): boolean => key === scope || key.startsWith(`${scope}/`)
