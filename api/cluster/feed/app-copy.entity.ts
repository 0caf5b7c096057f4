import { defineEntity, p } from '@mikro-orm/core'
import type { SealedColumn } from '../../auth/secret-key-rotation.ts'
import { NodeEntity } from '../members/node.entity.ts'

/** Where an app of a node that was down was made again. */
export interface MadeAgain {
  nodeId: string
  /** The new app. Chosen before that node is asked, so that it can be found there whatever happens. */
  appId: string
  /** `asked`: not known yet. `failed`: that node never began. */
  outcome: 'asked' | 'made' | 'failed'
  by: string
  at: string
  /** When the app was stopped on its own node, which had returned. */
  stoppedAt: string | null
}

/** The primary's copy of what an app on another node is made of, secrets included. */
export const AppCopyEntity = defineEntity({
  name: 'AppCopy',
  tableName: 'app_copies',
  properties: {
    appId: p.uuid().primary(),
    node: () => p.manyToOne(NodeEntity).deleteRule('cascade'),
    version: p.integer(),
    /** Sealed as a whole. */
    contents: p.text(),
    madeAgain: p.json<MadeAgain>().nullable(),
  },
})

export const appCopies: SealedColumn = {
  rows: async (em) => (await em.find(AppCopyEntity, {})).map(({ appId: id, contents: sealed }) => ({ id, sealed })),
  contextOf: (appId) => `app.copy:${appId}`,
  write: (em, appId, contents) => em.nativeUpdate(AppCopyEntity, { appId }, { contents }),
}
