import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { AppDesiredState } from './app.ts'
import type { OperationKind } from './operation.ts'
import type { WantedService } from './wanted-services.ts'

/** An app of this node. Docker's view of it is not stored but read at every start. */
export const AppEntity = defineEntity({
  name: 'App',
  tableName: 'apps',
  properties: {
    id: p.uuid().primary(),
    name: p.string().unique(),
    description: p.text().strictNullable(),
    composeContent: p.text(),
    /** Starts at 1 and grows with each change of the Compose file. */
    version: p.integer().default(1),
    desiredState: p.string().$type<AppDesiredState>(),
    /** Why the newest operation failed; null if it succeeded. */
    lastError: p.text().strictNullable(),
    /** The kind of that operation. */
    lastFailedKind: p.string().$type<OperationKind>().nullable(),
    /** What the last deployed file asks for; null until Compose has resolved one. */
    wanted: p.json<WantedService[]>().nullable(),
    /** Ids of containers that someone stopped outside this program. Stored because Docker only reports it as it happens. */
    stoppedContainers: p.json<string[]>().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type AppRow = InferEntity<typeof AppEntity>
