import { createAppDeploy, type AppDeploy } from '../app-deploy.ts'
import type { AppVersions } from './app-versions.ts'

/** A deploy that gives the current version its outcome. One that was ended before its end has none. */
const judged = (deploy: AppDeploy, versions: AppVersions): AppDeploy => ({
  ...deploy,
  async up(row, run) {
    const { version } = row
    try {
      await deploy.up(row, run)
      await versions.settle(row.id, version, 'healthy')
    } catch (error) {
      if (!run.signal.aborted) await versions.settle(row.id, version, 'failed')
      throw error
    }
  },
})

export const createJudgedDeploy = ({ versions, ...deps }: Parameters<typeof createAppDeploy>[0] & { versions: AppVersions }): AppDeploy =>
  judged(createAppDeploy(deps), versions)
