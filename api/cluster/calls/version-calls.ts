import { z } from '@hono/zod-openapi'
import { appRefusals } from '../../app-wire.ts'
import type { FileOnDisk } from '../../apps/versions/files-on-disk.ts'
import type { AppFile, AppVersionHead, VersionPage } from '../../apps/versions/version.ts'
import { bounds } from '../../bounds.ts'
import {
  appFilesWire,
  filesOnDiskWire,
  readAppFiles,
  readFilesOnDisk,
  readVersion,
  readVersions,
  toWire,
  versionsWire,
  versionWire,
} from '../../wire.ts'
import { answered, idParam, leniently } from './declared-call.ts'

/** Calls about the versions of a node's apps. What they can hold is too large to be told with every change of an app. */

const base = {
  on: 'every-node' as const,
  needs: () => 'app-history' as const,
  refusals: { 404: 'There is no app with this id, or no such version of it', 503: appRefusals[503] },
}
export const versionParams = idParam.extend({ number: z.coerce.number().int().min(1) })

export const versionPage = z.object({
  before: z.coerce.number().int().min(1).optional().openapi({ description: 'Only versions with smaller numbers' }),
  most: z.coerce.number().int().min(1).max(bounds.version.listed).default(bounds.version.listed),
})

export const versionCalls = {
  appVersions: answered({
    route: 'GET /api/internal/apps/{id}/versions',
    summary: 'Lists the versions of an app, newest first',
    ...base,
    params: idParam,
    query: versionPage,
    answer: {
      status: 200,
      description: 'Without their contents',
      schema: versionsWire,
      write: (page: VersionPage) => toWire(page),
      read: leniently(readVersions),
    },
  }),

  appVersion: answered({
    route: 'GET /api/internal/apps/{id}/versions/{number}',
    summary: 'Returns one version of an app',
    ...base,
    params: versionParams,
    answer: {
      status: 200,
      description: 'Without the values of secrets and the contents of files',
      schema: versionWire,
      write: (version: AppVersionHead) => toWire(version),
      read: leniently(readVersion),
    },
  }),

  changedFiles: answered({
    route: 'GET /api/internal/apps/{id}/changed-files',
    summary: 'Returns the files of an app that were changed on disk, without the contents of secret ones',
    ...base,
    needs: () => 'files-on-disk' as const,
    params: idParam,
    answer: {
      status: 200,
      description: 'As they are on disk. The Compose file is not among them',
      schema: filesOnDiskWire,
      write: (files: FileOnDisk[]) => files.map(toWire),
      read: leniently(readFilesOnDisk),
    },
  }),

  versionFiles: answered({
    route: 'GET /api/internal/apps/{id}/versions/{number}/files',
    summary: 'Returns the files of one version of an app',
    ...base,
    params: versionParams,
    answer: {
      status: 200,
      description: 'Without the contents of secret files',
      schema: appFilesWire,
      write: (files: AppFile[]) => files,
      read: leniently(readAppFiles),
    },
  }),
}
