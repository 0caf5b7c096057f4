import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** One setting that can change while the program runs. Secrets are sealed by the secret box. */
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
