import { defineEntity, p } from '@mikro-orm/core'
import type { SealedColumn } from '../../auth/secret-key-rotation.ts'
import { AppCopyEntity } from './app-copy.entity.ts'

/** The primary's copy of one version of an app on another node, as people see it. */
export const AppCopyVersionEntity = defineEntity({
  name: 'AppCopyVersion',
  tableName: 'app_copy_versions',
  properties: {
    /** The app's id and the version's number. */
    id: p.string().primary(),
    copy: () => p.manyToOne(AppCopyEntity).deleteRule('cascade'),
    number: p.integer(),
    outcome: p.string(),
    /** Sealed as a whole. */
    contents: p.text(),
  },
})

export const copiedVersions: SealedColumn = {
  rows: async (em) => (await em.find(AppCopyVersionEntity, {})).map(({ id, contents: sealed }) => ({ id, sealed })),
  contextOf: (id) => `app.copy-version:${id}`,
  write: (em, id, contents) => em.nativeUpdate(AppCopyVersionEntity, { id }, { contents }),
}
