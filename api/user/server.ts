import type { Backups, BackupSummary } from '../backup/backups.ts'
import type { PrimaryContact, PrimaryContactState } from '../cluster/home/primary-contact.ts'
import { versionState, type VersionState } from '../cluster/members/node-about.ts'
import type { ClusterNode } from '../cluster/members/node-registry.ts'
import type { AccessMode } from '../config.ts'
import { ownCommand } from '../own-command.ts'
import type { Storage, StorageProblem } from '../storage.ts'
import type { Access } from './access.ts'

/** What any caller can know about the node that answers. */
export interface ServerInfo {
  version: string
  nodeId: string
  name: string
  isPrimary: boolean
  accessMode: AccessMode
  /** Run on this node, it says the same as the doctor does here. */
  doctorCommand: string
  /** On a secondary: the node it last accepted as its primary. */
  acceptedPrimary: { id: string; at: Date } | null
  /** On a secondary: whether its primary answers. */
  primary: PrimaryContactState | null
  storageProblem: StorageProblem | null
  backup: BackupSummary
}

/** The server itself, as its callers see it. */
export function createUserServer(deps: {
  access: Access
  version: string
  self: { id: string; name: string; isPrimary: boolean }
  accessMode: AccessMode
  acceptedPrimary: () => { id: string; at: Date } | null
  primaryContact: PrimaryContact | null
  storage: Storage
  backups: Pick<Backups, 'summary'>
}) {
  const { access, version, self, accessMode } = deps
  const info = (): ServerInfo => ({
    version,
    nodeId: self.id,
    name: self.name,
    isPrimary: self.isPrimary,
    accessMode,
    doctorCommand: ownCommand('doctor'),
    acceptedPrimary: deps.acceptedPrimary(),
    primary: deps.primaryContact?.state() ?? null,
    storageProblem: deps.storage.problem(),
    backup: deps.backups.summary(),
  })

  return {
    info,
    /** How a node's version compares with this server's. */
    versionStateOf: (node: ClusterNode): VersionState => versionState(node.about?.version, version),
    /** This server as it is now, then each change. */
    watch: () => access.watch('server', { now: () => [info()], seen: info, keyOf: ({ nodeId }) => nodeId }),
  }
}
