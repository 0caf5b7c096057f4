import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { AppDesiredState } from './app.ts'

/** An app that this node owns. What Docker says of it is not here: it is read again at every start. */
export const AppEntity = defineEntity({
  name: 'App',
  tableName: 'apps',
  properties: {
    id: p.uuid().primary(),
    name: p.string().unique(),
    description: p.text().strictNullable(),
    composeContent: p.text(),
    /** Counts the changes of the Compose file, from 1. */
    version: p.integer(),
    desiredState: p.string().$type<AppDesiredState>(),
    /** Why the newest operation failed; null after one that did not. */
    lastError: p.text().strictNullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type AppRow = InferEntity<typeof AppEntity>
