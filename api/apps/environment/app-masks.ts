import type { AppRow } from '../app.entity.ts'
import type { AppVersions } from '../versions/app-versions.ts'
import { createMask } from './mask.ts'

type Stored = AppRow['environment']
type Hide = (text: string) => string

export type AppMasks = ReturnType<typeof createAppMasks>

/** The containers of an app can still be those of the version before, with its secrets. */
const kept = 3

/**
 * Hides secret values in what Docker says about an app's containers: Compose puts variables into names of images, users and programs, and
 * Docker repeats these when a container does not start.
 */
export function createAppMasks({ versions }: { versions: Pick<AppVersions, 'openEnvironment'> }) {
  const known = new Map<string, { environment: Stored; hide: Hide }[]>()

  function made(id: string, environment: Stored): Hide {
    try {
      return createMask(versions.openEnvironment(id, environment)).text
    } catch {
      // A secret that cannot be decrypted cannot be looked for.
      return (text) => text
    }
  }

  return {
    of({ id, environment }: Pick<AppRow, 'id' | 'environment'>): Hide {
      let all = known.get(id) ?? []
      if (all[0]?.environment !== environment) {
        all = [{ environment, hide: made(id, environment) }, ...all].slice(0, kept)
        known.set(id, all)
      }
      return (text) => all.reduce((shown, { hide }) => hide(shown), text)
    },

    forget: (id: string): void => void known.delete(id),
  }
}
