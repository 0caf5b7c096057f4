import { z } from '@hono/zod-openapi'
import { appRefusals } from '../../app-wire.ts'
import type { ComposeOnDisk, PreparedFolder } from '../../apps/compose-on-disk.ts'
import type { FoundProject } from '../../apps/import/found-projects.ts'
import { composeOnDiskWire, foldersWire, foundProjectsWire, readComposeOnDisk, readFolders, readFoundProjects, toWire } from '../../wire.ts'
import { answered, leniently } from './declared-call.ts'

/** Calls about what is on a node and not an app yet: folders on its disk, and Compose projects that run there. */

export const folderQuery = z.object({
  node_id: z.string().optional().openapi({ description: 'Node to ask. Default: this node. Ignored between nodes' }),
})
export const folderParams = z.object({ name: z.string().openapi({ description: 'Name of an app, or of a folder that will become one' }) })
export const folderRefusals = { 400: appRefusals[400], 404: 'There is no node with this id', 503: 'The node is not online' } as const

const base = {
  on: 'every-node' as const,
  query: folderQuery,
  needs: () => 'app-versions' as const,
  refusals: folderRefusals,
}

export const folderCalls = {
  folders: answered({
    route: 'GET /api/internal/folders',
    summary: 'Lists folders with content that are not apps yet',
    ...base,
    answer: {
      status: 200,
      description: 'At most 500, sorted by name',
      schema: foldersWire,
      write: (folders: PreparedFolder[]) => folders.map(toWire),
      read: leniently(readFolders),
    },
  }),

  composeProjects: answered({
    route: 'GET /api/internal/compose-projects',
    summary: 'Lists Compose projects on this machine that are not apps yet',
    ...base,
    needs: () => 'compose-projects' as const,
    answer: {
      status: 200,
      description: 'At most 200, sorted by name',
      schema: foundProjectsWire,
      write: (projects: FoundProject[]) => projects.map(toWire),
      read: leniently(readFoundProjects),
    },
  }),

  composeOnDisk: answered({
    route: 'GET /api/internal/folders/{name}/compose',
    summary: 'Returns the Compose file in a folder, as it is on disk',
    ...base,
    params: folderParams,
    answer: {
      status: 200,
      description: 'Null if there is none',
      schema: composeOnDiskWire.nullable(),
      write: (found: ComposeOnDisk | null) => found && toWire(found),
      read: (json: unknown) => (json === null ? { value: null } : leniently(readComposeOnDisk)(json)),
    },
  }),
}
