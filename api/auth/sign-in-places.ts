import { createHash } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { SignInPlaceEntity, type SignInPlaceRow } from './sign-in-place.entity.ts'

/** Enough for a phone, a laptop and a few networks. The oldest is dropped. */
const mostPerName = 20
/** Places are remembered as long as the longest session lasts. */
const keepMs = 30 * 24 * 3600 * 1000

export type SignInPlaces = ReturnType<typeof createSignInPlaces>

/** Addresses and browsers from which people have signed in with a password. Stored as hashes, because a browser's is a secret. */
export function createSignInPlaces({ em, clock }: { em: EntityManager; clock: Clock }) {
  const rows = new Map<string, SignInPlaceRow>()
  const idOf = (name: string, place: string): string => createHash('sha256').update(`${name}\n${place}`).digest('base64url')
  const isFresh = ({ at }: SignInPlaceRow): boolean => clock.now().getTime() - at.getTime() < keepMs

  async function forget(ids: string[]): Promise<void> {
    for (const id of ids) rows.delete(id)
    if (ids.length > 0) await em.fork().nativeDelete(SignInPlaceEntity, { id: { $in: ids } })
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(SignInPlaceEntity, {})) rows.set(row.id, row)
      await forget([...rows.values()].filter((row) => !isFresh(row)).map(({ id }) => id))
    },

    knows(name: string, place: string): boolean {
      const row = rows.get(idOf(name, place))
      return row !== undefined && isFresh(row)
    },

    /** Call only after a correct password, so that strangers add nothing. */
    async remember(name: string, places: string[]): Promise<void> {
      const at = clock.now()
      const added = places.map((place) => ({ id: idOf(name, place), name, at }))
      await em.fork().upsertMany(SignInPlaceEntity, added)
      for (const row of added) rows.set(row.id, row)
      const own = [...rows.values()].filter((row) => row.name === name).sort((a, b) => b.at.getTime() - a.at.getTime())
      await forget(own.slice(mostPerName).map(({ id }) => id))
    },
  }
}
