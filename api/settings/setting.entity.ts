import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { SealedColumn } from '../auth/secret-key-rotation.ts'

/** A setting that can change at runtime. Values are sealed by the secret box. */
export const SettingEntity = defineEntity({
  name: 'Setting',
  tableName: 'settings',
  properties: {
    key: p.string().primary(),
    value: p.text(),
    updatedAt: p.datetime(),
  },
})

export type SettingRow = InferEntity<typeof SettingEntity>

export const settingValues: SealedColumn = {
  rows: async (em) => (await em.find(SettingEntity, {})).map(({ key: id, value: sealed }) => ({ id, sealed })),
  contextOf: (key) => `setting:${key}`,
  write: (em, key, value) => em.nativeUpdate(SettingEntity, { key }, { value }),
}
