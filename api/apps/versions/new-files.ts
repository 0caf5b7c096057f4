import type { AppDeploy } from '../app-deploy.ts'
import type { Engine } from '../../docker/engine.types.ts'
import type { Removal } from '../removal.ts'
import type { AppVersions } from './app-versions.ts'

/**
 * A deploy that looks after the app's files, whose change Compose does not notice. A new version first builds what is made of them; one
 * that ran before has its images, and needs neither a build nor a registry. Then containers are made again that mount a file whose
 * content the current version brought: judged by the time of the container, so it can be done again after the program was killed.
 */
export const withNewFiles = (
  deploy: AppDeploy,
  { versions, engine, removal }: { versions: AppVersions; engine: Pick<Engine, 'containers'>; removal: Pick<Removal, 'removeUsers'> },
): AppDeploy => ({
  ...deploy,
  async up(row, run) {
    const { files, images } = await versions.shown(row.id, row.version)
    const others = files.map(({ path }) => path)
    if (others.length > 0 && images.length === 0) await deploy.build(row, others, run)
    const { paths, at } = await versions.brought(row.id, row.version)
    if (paths.length > 0) {
      const old = new Set((await engine.containers()).flatMap(({ id, createdAt }) => (createdAt < at ? id : [])))
      await removal.removeUsers(row, paths, (id) => old.has(id), run)
    }
    await deploy.up(row, run)
  },
})
