import { invalidInput } from '../../errors.ts'
import type { AppDeploy } from '../app-deploy.ts'
import type { AppRecords } from '../app-records.ts'
import type { AppOperation, AppWork } from '../app-work.ts'
import { refuseUnseen } from '../changed-on-disk.ts'
import type { Deploys } from '../deploy/deploys.ts'
import type { ComposeFileWatch } from '../compose-file-watch.ts'
import type { Runner } from '../operations/runners.ts'
import type { AppImages } from './app-images.ts'

export type ImageUpdating = ReturnType<typeof createImageUpdating>

/** Pulls newer images of an app, and makes the containers again that run older ones. */
export function createImageUpdating(deps: {
  deploy: Pick<AppDeploy, 'runCompose'> & Pick<Deploys, 'up'>
  records: Pick<AppRecords, 'get'>
  disk: Pick<ComposeFileWatch, 'look'>
  work: Pick<AppWork, 'enqueue' | 'shouldRun'>
  images: Pick<AppImages, 'pullable' | 'readAgain'>
}) {
  const { deploy, disk } = deps

  return {
    /** @throws NOT_FOUND, INVALID_INPUT for a service that the app does not have, CONFLICT when its file was changed on disk */
    async updateImages(id: string, services?: string[] | null): Promise<AppOperation> {
      const row = deps.records.get(id)
      const known = new Set((row.wanted ?? []).map(({ name }) => name))
      const unknown = (services ?? []).filter((name) => !known.has(name))
      if (unknown.length > 0) {
        const names = [...known].join(', ') || 'none'
        throw invalidInput([{ field: 'services', message: `The app has no service ${unknown.slice(0, 5).join(', ')}. It has: ${names}` }])
      }
      refuseUnseen(row, await disk.look(row.name))
      return deps.work.enqueue('update_images', row, { services: services ?? null })
    },

    run: (async (row, { services }, run) => {
      refuseUnseen(row, await disk.look(row.name))
      const pulled = services ?? (await deps.images.pullable(row))
      if (pulled.length === 0) return 'No image of this app comes from a registry'
      run.step(10, 'Pulling newer images')
      await deploy.runCompose(row, 'pull', run, pulled)
      deps.images.readAgain()
      // A stopped app stays stopped. It has the newer images when it is started.
      if (!deps.work.shouldRun(row)) return 'The newer images are here. The app is stopped, and runs them when you start it'
      await deploy.up(row, run, { rollback: true, pull: true })
    }) satisfies Runner,
  }
}
