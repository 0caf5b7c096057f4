import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Allowance } from '../app.ts'
import type { StoredFile, StoredVariable } from './sealed-contents.ts'
import type { VersionImage, VersionOutcome } from './version.ts'

/** Every change of an app's contents. The values of secrets are sealed. */
export const AppVersionEntity = defineEntity({
  name: 'AppVersion',
  tableName: 'app_versions',
  properties: {
    appId: p.uuid().primary(),
    number: p.integer().primary(),
    composeContent: p.text(),
    environment: p.json<StoredVariable[]>(),
    files: p.json<StoredFile[]>(),
    profiles: p.json<string[]>(),
    images: p.json<VersionImage[]>(),
    /** What it may do; null for a version from before the safety policy. */
    allowances: p.json<Allowance[]>().nullable(),
    modelHash: p.string().nullable(),
    author: p.string(),
    reason: p.text().strictNullable(),
    outcome: p.string().$type<VersionOutcome>(),
    createdAt: p.datetime(),
  },
})

export type AppVersionRow = InferEntity<typeof AppVersionEntity>
