import type { SealedDocuments } from '../../auth/secret-key-rotation.ts'
import { AppEntity } from '../app.entity.ts'
import { AppVersionEntity } from './app-version.entity.ts'
import { contextOfFile, contextOfVariable, type StoredFile, type StoredVariable } from './sealed-contents.ts'

/** The secrets in the records of apps and versions, for a change of the secret key. */

type Again = (sealed: string, context: string) => string

const variablesAgain = (appId: string, variables: StoredVariable[], again: Again): StoredVariable[] =>
  variables.map((each) => (each.secret ? { ...each, value: again(each.value, contextOfVariable(appId, each.name)) } : each))

const filesAgain = (appId: string, files: StoredFile[], again: Again): StoredFile[] =>
  files.map((each) => (each.secret ? { ...each, content: again(each.content, contextOfFile(appId, each.path)) } : each))

const hasSecret = (list: { secret: boolean }[]): boolean => list.some(({ secret }) => secret)

export const appSecrets: SealedDocuments = {
  async sealAgain(em, again) {
    for (const { id, environment } of await em.find(AppEntity, {}, { fields: ['environment'] })) {
      if (hasSecret(environment)) await em.nativeUpdate(AppEntity, { id }, { environment: variablesAgain(id, environment, again) })
    }
  },
}

export const versionSecrets: SealedDocuments = {
  async sealAgain(em, again) {
    // One at a time: all versions of all apps can be larger than the memory.
    for (const { appId, number } of await em.find(AppVersionEntity, {}, { fields: ['appId', 'number'] })) {
      const { environment, files } = await em.fork({ keepTransactionContext: true }).findOneOrFail(AppVersionEntity, { appId, number })
      if (!hasSecret([...environment, ...files])) continue
      const patch = { environment: variablesAgain(appId, environment, again), files: filesAgain(appId, files, again) }
      await em.nativeUpdate(AppVersionEntity, { appId, number }, patch)
    }
  },
}
