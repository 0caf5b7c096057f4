import type { Clock } from '../clock.ts'

/** One thing of a node that could not be read, or only in part. */
export interface Unread {
  /** What it is, as a path such as `things/app/<id>`: reading that, or what it is part of, again replaces it. */
  key: string
  /** For a person, such as `app web: containers 3 cannot be read`. */
  what: string
}

/** Of what comes once and may never come again it is shown so long. */
const shownMs = 15 * 60_000
const lasting = /^(things\/app|room|stats|about)/
/** Of one node; the rest is more of the same. */
const mostKept = 50

export type UnreadThings = ReturnType<typeof createUnread>

/**
 * What nodes send and this primary cannot read: usually a node of another version, or with values that nobody thought of. It
 * costs itself and no more, so a person has to be told. Over when the same thing is read well, or is gone.
 */
export function createUnread(deps: { onChange: (nodeId: string) => void; clock: Clock }) {
  const { clock } = deps
  const nodes = new Map<string, Map<string, { what: string; since: Date; lastAt: number }>>()

  const isShown = (key: string, lastAt: number): boolean => lasting.test(key) || clock.now().getTime() - lastAt < shownMs

  return {
    /** The node was heard on `scope`: this is all of it that cannot be read now. */
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

    /** Null for every node of which everything is read. */
    of(nodeId: string): { things: string[]; since: Date } | null {
      const shown = [...(nodes.get(nodeId) ?? [])].filter(([key, { lastAt }]) => isShown(key, lastAt)).map(([, thing]) => thing)
      if (shown.length === 0) return null
      return { things: shown.map(({ what }) => what), since: new Date(Math.min(...shown.map(({ since }) => since.getTime()))) }
    },

    forget: (nodeId: string): void => void nodes.delete(nodeId),
  }
}

const isWithin = (key: string, scope: string): boolean => key === scope || key.startsWith(`${scope}/`)
