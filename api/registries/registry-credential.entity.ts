import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { SealedColumn } from '../auth/secret-key-rotation.ts'

/** How this node signs in to a registry: on the primary as entered there, on a secondary a copy of what its apps pull with. */
export const RegistryCredentialEntity = defineEntity({
  name: 'RegistryCredential',
  tableName: 'registry_credentials',
  properties: {
    registry: p.string().primary(),
    username: p.string(),
    /** Sealed by the secret box. */
    password: p.text(),
    updatedAt: p.datetime(),
  },
})

export type RegistryCredentialRow = InferEntity<typeof RegistryCredentialEntity>

export const registryPasswords: SealedColumn = {
  rows: async (em) => (await em.find(RegistryCredentialEntity, {})).map(({ registry: id, password: sealed }) => ({ id, sealed })),
  contextOf: (registry) => `registry:${registry}`,
  write: (em, registry, password) => em.nativeUpdate(RegistryCredentialEntity, { registry }, { password }),
}
