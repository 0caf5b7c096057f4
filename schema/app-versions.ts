import type { FileOnDisk } from '../api/apps/versions/files-on-disk.ts'
import type { AppFile, EnvironmentVariable, VersionImage, VersionSummary } from '../api/apps/versions/version.ts'
import { invalidInput } from '../api/errors.ts'
import { appActions } from '../api/user/apps.ts'
import type { UserApi } from '../api/user/user-api.ts'
import { AppOperationRef } from './apps.ts'
import { action, builder, costOfPage, costOfText, permission } from './builder.ts'
import { pageSize } from './page.ts'
import { AppRef } from './refs.ts'

const EnvironmentVariableRef = builder.objectRef<EnvironmentVariable>('EnvironmentVariable').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    value: t.exposeString('value', { nullable: true, description: 'Null for a secret, always.' }),
    secret: t.exposeBoolean('secret'),
  }),
})

/** A file whose content is asked for only when someone wants it. */
interface FileToRead extends Pick<AppFile, 'path' | 'secret'> {
  content: () => Promise<string | null>
}

const AppFileRef = builder.objectRef<FileToRead>('AppFile').implement({
  description: "A text file in the app's folder, beside the Compose file.",
  fields: (t) => ({
    path: t.exposeString('path'),
    content: t.string({
      nullable: true,
      complexity: costOfText,
      description: "Asked of the app's node. Null for a secret file, always.",
      resolve: (file) => (file.secret ? null : file.content()),
    }),
    secret: t.exposeBoolean('secret'),
  }),
})

/** The files of one version of an app, whose contents come from its node in one call. */
function filesOf(user: UserApi, id: string, number: number, names: Pick<AppFile, 'path' | 'secret'>[]): FileToRead[] {
  const read = once(() => user.apps.versionFiles(id, number))
  return names.map(({ path, secret }) => ({
    path,
    secret,
    content: async () => (await read()).find((file) => file.path === path)?.content ?? null,
  }))
}

/** One call, however many fields want its answer. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => (answer ??= read())
}

const VersionOutcome = builder.enumType('VersionOutcome', {
  values: {
    PENDING: { value: 'pending', description: 'Not judged: it waits, or it was replaced before its verdict.' },
    HEALTHY: { value: 'healthy' },
    FAILED: { value: 'failed' },
    ROLLED_BACK: { value: 'rolled_back', description: 'It failed, and the version before it came back by itself.' },
  } as const,
})

const VersionImageRef = builder.objectRef<VersionImage>('VersionImage').implement({
  fields: (t) => ({
    service: t.exposeString('service'),
    image: t.exposeString('image'),
    digest: t.exposeString('digest', { nullable: true, description: 'Null for an image that no registry gave a digest.' }),
  }),
})

interface VersionToRead extends VersionSummary {
  appId: string
  read: () => ReturnType<UserApi['apps']['appVersion']>
}

const AppVersionRef = builder.objectRef<VersionToRead>('AppVersion')
AppVersionRef.implement({
  description: 'What an app was at one time. Secrets are never shown.',
  fields: (t) => ({
    number: t.exposeInt('number'),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    author: t.exposeString('author'),
    reason: t.exposeString('reason', { nullable: true }),
    outcome: t.field({ type: VersionOutcome, resolve: ({ outcome }) => outcome }),
    composeContent: t.string({ complexity: costOfText, resolve: async ({ read }) => (await read()).composeContent }),
    environment: t.field({ type: [EnvironmentVariableRef], resolve: async ({ read }) => (await read()).environment }),
    files: t.field({
      type: [AppFileRef],
      resolve: async ({ appId, number, read }, _args, { user }) => filesOf(user, appId, number, (await read()).files),
    }),
    profiles: t.exposeStringList('profiles'),
    images: t.field({ type: [VersionImageRef], description: 'What its services ran with.', resolve: ({ images }) => images }),
    volumesCopied: t.boolean({
      description: 'Whether a copy of the named volumes from before this version is kept. restoreVolumes brings it back.',
      resolve: ({ volumesCopied }) => volumesCopied ?? false,
    }),
  }),
})

const toRead = (user: UserApi, appId: string, version: VersionSummary): VersionToRead => ({
  ...version,
  appId,
  read: once(() => user.apps.appVersion(appId, version.number)),
})

interface VersionPage {
  read: () => Promise<{ versions: VersionToRead[]; hasNextPage: boolean; totalCount: number }>
}

const AppVersionEdge = builder.objectRef<VersionToRead>('AppVersionEdge').implement({
  fields: (t) => ({
    cursor: t.string({ resolve: ({ number }) => String(number) }),
    node: t.field({ type: AppVersionRef, resolve: (version) => version }),
  }),
})

// The lists can be null, so that a node that does not answer leaves the rest of the app in place.
const AppVersionConnection = builder.objectRef<VersionPage>('AppVersionConnection').implement({
  description: "Versions, newest first, asked of the app's node.",
  fields: (t) => ({
    edges: t.field({ type: [AppVersionEdge], nullable: true, resolve: async ({ read }) => (await read()).versions }),
    nodes: t.field({ type: [AppVersionRef], nullable: true, resolve: async ({ read }) => (await read()).versions }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      async resolve({ read }) {
        const { versions, hasNextPage } = await read().catch(() => ({ versions: [], hasNextPage: false }))
        const [startCursor = null, endCursor = null] = [versions[0], versions.at(-1)].map((version) => version && String(version.number))
        return { hasNextPage, hasPreviousPage: false, startCursor, endCursor }
      },
    }),
    totalCount: t.int({ nullable: true, resolve: async ({ read }) => (await read()).totalCount }),
  }),
})

function pageOfVersions(
  user: UserApi,
  id: string,
  { first, after }: { first?: number | null | undefined; after?: string | null | undefined },
): VersionPage {
  const most = pageSize({ first: first ?? null })
  const before = after === null || after === undefined ? undefined : Number(after)
  if (before !== undefined && !(Number.isSafeInteger(before) && before > 0)) {
    throw invalidInput([{ field: 'after', message: 'must be a cursor of this list' }])
  }
  return {
    read: once(async () => {
      const { versions, older, total } = await user.apps.versions({ id, before, most })
      return { versions: versions.map((version) => toRead(user, id, version)), hasNextPage: older > 0, totalCount: total }
    }),
  }
}

builder.objectFields(AppRef, (t) => ({
  environment: t.field({
    type: [EnvironmentVariableRef],
    description: 'Values for its Compose file. They are not put into containers by themselves.',
    resolve: (app) => app.environment,
  }),
  files: t.field({ type: [AppFileRef], resolve: (app, _args, { user }) => filesOf(user, app.id, app.version, app.files) }),
  profiles: t.exposeStringList('profiles', { description: 'Compose profiles that are active.' }),
  versions: t.field({
    type: AppVersionConnection,
    complexity: costOfPage,
    args: { first: t.arg.int({ description: '1 to 500. Default: 50.' }), after: t.arg.string() },
    resolve: (app, args, { user }) => pageOfVersions(user, app.id, args),
  }),
}))

const FileOnDiskRef = builder.objectRef<FileOnDisk>('FileOnDisk').implement({
  description: 'A file that is not on disk as the app has it.',
  fields: (t) => ({
    path: t.exposeString('path'),
    secret: t.exposeBoolean('secret'),
    content: t.exposeString('content', { nullable: true, complexity: costOfText, description: 'Null for a secret file, always.' }),
    isMissing: t.exposeBoolean('isMissing'),
    problem: t.exposeString('problem', { nullable: true, description: 'Why it cannot be used or shown: too long, a symbolic link, ...' }),
  }),
})

builder.queryFields((t) => ({
  appChangedFiles: t.field({
    type: [FileOnDiskRef],
    nullable: true,
    ...permission('app.change'),
    description: "Asks the app's node for files that were changed on disk. composeOnDisk shows the Compose file.",
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => (user.apps.find(id) ? user.apps.changedFiles(id) : null),
  }),
  appVersion: t.field({
    type: AppVersionRef,
    nullable: true,
    description: "Asks the app's node for one version.",
    args: { appId: t.arg.id({ required: true }), number: t.arg.int({ required: true }) },
    async resolve(_root, { appId, number }, { user }) {
      const version = user.apps.find(appId) ? await user.apps.findVersion(appId, number) : null
      return version && { ...version, appId, read: async () => version }
    },
  }),
}))

builder.mutationFields((t) => ({
  restoreVolumes: t.field({
    type: AppOperationRef,
    ...action(appActions.restoreVolumes),
    description:
      'Replaces the volumes by the copy that copyVolumes made before a version, and starts the app again. What was written since is lost.',
    args: { id: t.arg.id({ required: true }), version: t.arg.int({ required: true }) },
    resolve: (_root, { id, version }, { user }) => user.apps.restoreVolumes({ id, version }),
  }),
  rollbackApp: t.field({
    type: AppOperationRef,
    ...action(appActions.rollbackApp),
    description:
      'Makes an earlier version the next one and deploys it: file, files, environment with its secrets, profiles. Data in volumes stays as it is. A stopped app stays stopped.',
    args: {
      id: t.arg.id({ required: true }),
      version: t.arg.int({ required: true }),
      copyVolumes: t.arg.boolean({ defaultValue: false, description: 'Stop the app and copy its named volumes first.' }),
    },
    resolve: (_root, args, { user }) => user.apps.rollbackApp(args),
  }),
}))
