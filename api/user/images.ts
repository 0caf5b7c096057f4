import type { Action } from '../auth/action.ts'
import type { InventoryApp } from '../cluster/feed/inventory.ts'
import type { NodeRouter } from '../cluster/node-router.ts'
import type { ImageChecks } from '../registries/image-checks.ts'
import type { KnownRegistry, Registries } from '../registries/registries.ts'
import type { Access } from './access.ts'

export const imageActions = {
  checkImages: { word: 'app.check-images', permission: 'app.change', on: 'app' },
  setRegistryCredential: { word: 'registry.credential', permission: 'settings.change' },
} as const satisfies Record<string, Action>

/** Images at their registries, and how this cluster signs in there. */
export function createUserImages(deps: {
  access: Access
  registries: Pick<Registries, 'credentials' | 'list'>
  checks: Pick<ImageChecks, 'check'>
  router: NodeRouter
}) {
  const { access, registries, router } = deps
  const find = (name: string): KnownRegistry =>
    registries.list().find(({ registry }) => registry === name) ?? {
      ...{ registry: name, username: null, updatedAt: null, rateLimit: null, pausedUntil: null },
    }

  return {
    /** Asks the registries of an app's images now, and returns the app with what they said. */
    async checkImages(id: string): Promise<InventoryApp> {
      return access.act(imageActions.checkImages, { id }, async () => {
        const app = access.sight.app(id)
        const node = router.forNode(app.nodeId, access.caller.name)
        await deps.checks.check(id)
        // The node compares; its news may still be on the way.
        const now = await node.getApp({ id })
        return { ...now, lastKnownStatus: now.status }
      })
    },

    /** Registries with a login here, and those that said something of their limits. Without passwords. @throws FORBIDDEN */
    registries(): KnownRegistry[] {
      access.need('settings.change')
      return registries.list()
    },

    /** A password that no answer ever shows again. Null for both removes it. */
    setRegistryCredential: (input: { registry: string; username?: string | null; password?: string | null }): Promise<KnownRegistry> =>
      access.act(imageActions.setRegistryCredential, { subject: input.registry.slice(0, 200) }, async () =>
        find(await registries.credentials.set(input)),
      ),
  }
}
