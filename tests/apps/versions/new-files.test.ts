import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { AppDeploy } from '../../../api/apps/app-deploy.ts'
import type { AppRow } from '../../../api/apps/app.entity.ts'
import type { ContainerDetails, EngineContainer } from '../../../api/docker/engine.types.ts'
import { withNewFiles } from '../../../api/apps/versions/new-files.ts'
import type { OperationRun } from '../../../api/apps/operation-run.ts'
import { dataFolder } from '../../helpers/data-folder.ts'

const at = (seconds: number): Date => new Date(Date.parse('2026-01-26T20:00:00Z') + seconds * 1000)

/** An app with one file, written at second 20, and one container, as the list and as its own details say when it was made. */
async function made(t: ExecutionContext, { listed, exactly = listed, touched }: { listed: number; exactly?: number; touched?: number }) {
  const folder = dataFolder(t)
  await mkdir(join(folder, 'shop'), { recursive: true })
  await writeFile(join(folder, 'shop/site.conf'), 'new')
  await utimes(join(folder, 'shop/site.conf'), at(20.5), at(20.5))
  const done: string[] = []
  // The rest of a container, of its details and of an app plays no part here.
  const container = { id: 'web', project: 'shop', createdAt: at(listed) } as EngineContainer
  const others = { id: 'other', project: 'blog', createdAt: at(0) } as EngineContainer
  const details = { createdAt: at(exactly) } as ContainerDetails
  const compose = { up: async () => void done.push('up'), build: async () => void done.push('build') } as unknown as AppDeploy
  const version = { number: 3, createdAt: at(10), author: '', reason: null, outcome: 'pending' as const, composeContent: '' }
  const deploy = withNewFiles(compose, {
    versions: {
      shown: async () => ({ ...version, environment: [], profiles: [], images: [], files: [{ path: 'site.conf', secret: false }] }),
    },
    records: { remember: async (row, patch) => void Object.assign(row, patch) },
    files: { directoryOf: (name) => join(folder, name) },
    engine: { containers: async () => [container, others], details: async () => details },
    removal: {
      removeUsers: async (_app, paths, isOld) => void done.push(`${paths.join()} ${['web', 'other'].filter(isOld).join()}`),
    },
  })
  const row = { id: 'a', name: 'shop', version: 3 } as AppRow
  await deploy.up(row, {} as OperationRun)
  if (touched === undefined) return done
  await utimes(join(folder, 'shop/site.conf'), at(touched), at(touched))
  done.length = 0
  await deploy.up(row, {} as OperationRun)
  return done
}

test('a container is made again that is older than a file, though a rollback made it after the change was accepted', async (t) => {
  t.deepEqual(await made(t, { listed: 15 }), ['build', 'site.conf web', 'up'])
})

test('a container that was made with the file stays, to the part of a second', async (t) => {
  t.deepEqual(await made(t, { listed: 21 }), ['build', 'up'])
  t.deepEqual(await made(t, { listed: 20, exactly: 20.9 }), ['build', 'up'])
  t.deepEqual(await made(t, { listed: 20, exactly: 20.1 }), ['build', 'site.conf web', 'up'])
})

test('a file that was written again as it was changes nothing for its containers', async (t) => {
  t.deepEqual(await made(t, { listed: 21, touched: 40 }), ['build', 'up'])
  t.deepEqual(await made(t, { listed: 15, touched: 40 }), ['build', 'site.conf web', 'up'], 'it is still older than the content')
})
