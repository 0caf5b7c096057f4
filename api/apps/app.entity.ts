import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { AppPlace } from './app-place.ts'
import type { Allowance, AppDesiredState } from './app.ts'
import type { GoingBack } from './deploy/going-back.ts'
import type { OperationKind } from './operation.ts'
import type { StoredVariable } from './versions/sealed-contents.ts'
import type { FilesSince } from './versions/files-since.ts'
import type { AppFileName } from './versions/version.ts'
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
    /** The values of secrets are sealed. */
    environment: p.json<StoredVariable[]>().default([]),
    /** Their contents are with the current version, so that they need not be in memory. */
    files: p.json<AppFileName[]>().default([]),
    profiles: p.json<string[]>().default([]),
    /** Where it is, if it was imported. */
    place: p.json<AppPlace>().nullable(),
    /** Null until an app from before the safety policy has got what it needs. */
    allowances: p.json<Allowance[]>().nullable(),
    /** Of the model that was checked when the current version was accepted; null when none was. */
    modelHash: p.string().nullable(),
    /** The number of the current version. */
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
    /** Since when each further file has had its content, as the last deploy found it. */
    filesSince: p.json<FilesSince>().nullable(),
    /** While it goes back from a version that failed. */
    goingBack: p.json<GoingBack>().nullable(),
    /** Containers that a copy of volumes stopped, which must be started again. */
    restartOwed: p.json<string[]>().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type AppRow = InferEntity<typeof AppEntity>
