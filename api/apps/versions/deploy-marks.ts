import type { EntityManager } from '../../db/orm.ts'
import type { Mark } from '../../monitoring/history/mark.ts'
import { AppEntity } from '../app.entity.ts'
import { AppVersionEntity } from './app-version.entity.ts'

/** The newest ones that one answer has. */
const mostDeploys = 200

/** The versions of an app, or of all, that were made from `from` to before `to`, newest first. */
export async function deployMarks(em: EntityManager, app: string | null, from: Date, to: Date): Promise<Mark[]> {
  const within = em.fork()
  const apps = await within.find(AppEntity, app === null ? {} : { name: app }, { fields: ['id', 'name'] })
  const names = new Map(apps.map(({ id, name }) => [id, name]))
  const rows = await within.find(
    AppVersionEntity,
    { appId: { $in: [...names.keys()] }, createdAt: { $gte: from, $lt: to } },
    { fields: ['appId', 'number', 'createdAt', 'outcome'], orderBy: { createdAt: 'desc' }, limit: mostDeploys },
  )
  return rows.map(({ appId, number, createdAt, outcome }) => ({
    kind: 'deploy',
    at: createdAt,
    until: null,
    app: names.get(appId) ?? '',
    name: null,
    times: 1,
    version: number,
    detail: outcome,
  }))
}
