import type { ComposeOnDisk, PreparedFolder } from '../api/apps/compose-on-disk.ts'
import type { FoundProject } from '../api/apps/import/found-projects.ts'
import { ContainerRef } from './apps.ts'
import { builder, costOfText, permission } from './builder.ts'

const PreparedFolderRef = builder.objectRef<PreparedFolder>('PreparedFolder').implement({
  description: 'A folder in APPS_DIR with content that is not an app yet. An app with this name starts from its files.',
  fields: (t) => ({
    name: t.exposeString('name'),
    composeFile: t.exposeString('composeFile', { nullable: true, description: 'The name of its Compose file, if it has one.' }),
  }),
})

const ComposeOnDiskRef = builder.objectRef<ComposeOnDisk>('ComposeOnDisk').implement({
  fields: (t) => ({
    file: t.exposeString('file'),
    content: t.exposeString('content', { nullable: true, complexity: costOfText }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'Why there is no content: too long, not text, a symbolic link, ...',
    }),
  }),
})

const ComposeProjectRef = builder.objectRef<FoundProject>('ComposeProject').implement({
  description: 'A Compose project that runs on a node and is not an app of Selfhostly.',
  fields: (t) => ({
    name: t.exposeString('name'),
    services: t.exposeStringList('services'),
    workingDirectory: t.exposeString('workingDirectory', { nullable: true, description: 'The folder that Compose was run in.' }),
    configFiles: t.exposeStringList('configFiles', { description: 'Paths of its Compose files, as Compose recorded them.' }),
    containers: t.field({ type: [ContainerRef], resolve: ({ containers }) => containers }),
  }),
})

builder.queryFields((t) => ({
  composeProjects: t.field({
    type: [ComposeProjectRef],
    ...permission('app.change'),
    description: 'Asks the node for Compose projects that run there and are not managed. At most 200, sorted by name.',
    args: { nodeId: t.arg.id({ required: true }) },
    resolve: (_root, { nodeId }, { user }) => user.apps.composeProjects(nodeId),
  }),
  preparedFolders: t.field({
    type: [PreparedFolderRef],
    nullable: true,
    ...permission('app.change'),
    description: 'Asks the node for folders that can become apps. At most 500, sorted by name.',
    args: { nodeId: t.arg.id({ required: true }) },
    resolve: (_root, { nodeId }, { user }) => (user.nodes.find(nodeId) ? user.apps.preparedFolders(nodeId) : null),
  }),
  composeOnDisk: t.field({
    type: ComposeOnDiskRef,
    nullable: true,
    ...permission('app.change'),
    description: 'Asks the node for the Compose file on disk, in the folder of an app or in one that can become an app.',
    args: { nodeId: t.arg.id({ required: true }), name: t.arg.string({ required: true }) },
    resolve: (_root, { nodeId, name }, { user }) => (user.nodes.find(nodeId) ? user.apps.composeOnDisk(nodeId, name) : null),
  }),
}))
