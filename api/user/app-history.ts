import type { AppFile, AppVersionHead, VersionPage } from '../apps/versions/version.ts'
import type { InputTo } from '../cluster/calls/declared-call.ts'
import type { versionCalls } from '../cluster/calls/version-calls.ts'
import type { AppCopies } from '../cluster/feed/app-copies.ts'
import type { NodeActions } from '../cluster/node-router.ts'
import type { Access } from './access.ts'

/** The versions of an app: what its node says, and while that is away, what the primary has copied of them. */
export function createAppHistory(deps: { sight: Access['sight']; on: (id: string) => NodeActions; copies: AppCopies }) {
  const { sight, copies } = deps

  async function read<T>(id: string, ask: (actions: NodeActions) => Promise<T>, copied: () => Promise<T | null>): Promise<T> {
    const { nodeId } = sight.app(id)
    const isAway = sight.findNode(nodeId)?.health.status !== 'online'
    // Without a copy, the answer says why the node is not asked.
    return (isAway ? await copied() : null) ?? ask(deps.on(id))
  }

  return {
    /** Newest first. @throws NOT_FOUND, NODE_UNREACHABLE */
    versions: ({ id, ...page }: InputTo<typeof versionCalls.appVersions>): Promise<VersionPage> =>
      read(
        id,
        (node) => node.appVersions({ id, ...page }),
        () => copies.versions.list(id, page),
      ),
    /** One version, without its files' contents. @throws NOT_FOUND, NODE_UNREACHABLE */
    appVersion: (id: string, number: number): Promise<AppVersionHead> =>
      read(
        id,
        (node) => node.appVersion({ id, number }),
        () => copies.versions.head(id, number),
      ),
    /** The files of one version. The content of secret ones is null. @throws NOT_FOUND, NODE_UNREACHABLE */
    versionFiles: (id: string, number: number): Promise<AppFile[]> =>
      read(
        id,
        (node) => node.versionFiles({ id, number }),
        () => copies.versions.files(id, number),
      ),
  }
}
