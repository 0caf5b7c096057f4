import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { AppDesiredState } from './app.ts'
import type { OperationKind } from './operation.ts'
import type { WantedService } from './wanted-services.ts'

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
    version: p.integer().default(1),
    desiredState: p.string().$type<AppDesiredState>(),
    /** Why the newest operation failed; null after one that did not. */
    lastError: p.text().strictNullable(),
    /** Which kind of operation that was. */
    lastFailedKind: p.string().$type<OperationKind>().nullable(),
    /** What the file of the newest deployment asks for; null until Compose has resolved one. */
    wanted: p.json<WantedService[]>().nullable(),
    /** Ids of containers that somebody stopped past this program: Docker only says so while it happens. */
    stoppedContainers: p.json<string[]>().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type AppRow = InferEntity<typeof AppEntity>
