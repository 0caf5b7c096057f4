import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { EntitySchema } from '@mikro-orm/sqlite'
import { ApiTokenEntity } from './auth/api-token.entity.ts'
import { AuditEntity } from './auth/audit.entity.ts'
import { GrantBindingEntity } from './auth/grant-binding.entity.ts'
import { AuditOperationEntity } from './auth/audit-operation.entity.ts'
import { LocalUserEntity } from './auth/local-user.entity.ts'
import { InvitationEntity } from './auth/invitation.entity.ts'
import { PasskeyEntity } from './auth/passkey.entity.ts'
import { SecondFactorEntity } from './auth/second-factor.entity.ts'
import { PasswordEntity } from './auth/password.entity.ts'
import { SessionEntity } from './auth/session.entity.ts'
import { SignInLinkEntity } from './auth/sign-in-link.entity.ts'
import { SignInPlaceEntity } from './auth/sign-in-place.entity.ts'
import { UserEntity } from './auth/user.entity.ts'
import { AppEntity } from './apps/app.entity.ts'
import { AppVersionEntity } from './apps/versions/app-version.entity.ts'
import { AppScheduleEntity } from './apps/schedules/app-schedule.entity.ts'
import { AutoUpdateEntity } from './apps/images/auto-update.entity.ts'
import { OperationEntity } from './apps/operation.entity.ts'
import { refuseHalfRestored } from './backup/staging.ts'
import { ownVersion } from './backup-source.ts'
import type { Clock } from './clock.ts'
import { AlarmEntity } from './cluster/alarms/alarm.entity.ts'
import { AppCopyVersionEntity } from './cluster/feed/app-copy-version.entity.ts'
import { AppCopyEntity } from './cluster/feed/app-copy.entity.ts'
import { InventoryAppEntity, InventoryOperationEntity } from './cluster/feed/inventory.entity.ts'
import { InventoryThingEntity } from './cluster/feed/inventory-thing.entity.ts'
import type { Config } from './config.ts'
import { openDatabase, tryToWrite, type Database } from './db/orm.ts'
import type { AppError } from './errors.ts'
import { openPort, serve } from './http/server.ts'
import type { Log } from './log.ts'
import { loadIdentity } from './cluster/home/identity.ts'
import { explainTakenPort } from './cluster/home/taken-port.ts'
import { hasKeptRole, keepRole } from './cluster/home/kept-role.ts'
import { createLinkHome } from './cluster/home/own-link.ts'
import { JoinTokenEntity } from './cluster/joining/join-token.entity.ts'
import { NodeEntity } from './cluster/members/node.entity.ts'
import { ObservedPeriodEntity, StatusChangeEntity } from './cluster/health/status-change.entity.ts'
import { ownCommand } from './own-command.ts'
import { createNodeRole } from './roles/node.ts'
import { createPrimaryRole } from './roles/primary.ts'
import { createSecondaryRole } from './roles/secondary.ts'
import { HistoryFrameEntity, HistoryMarkEntity, HistorySeriesEntity } from './monitoring/history/history.entity.ts'
import { TimelineEntity } from './monitoring/timeline/timeline.entity.ts'
import { ChannelEntity, DeliveryEntity } from './notifications/notification.entity.ts'
import { ImageAnswerEntity } from './registries/image-answer.entity.ts'
import { RegistryCredentialEntity } from './registries/registry-credential.entity.ts'
import { createScheduler } from './scheduler.ts'
import { createServices } from './services.ts'
import { createStorage } from './storage.ts'
import { SettingEntity } from './settings/setting.entity.ts'

const entities: EntitySchema[] = [
  NodeEntity,
  AppEntity,
  AppVersionEntity,
  OperationEntity,
  AppScheduleEntity,
  AutoUpdateEntity,
  AppCopyEntity,
  AppCopyVersionEntity,
  InventoryAppEntity,
  InventoryOperationEntity,
  InventoryThingEntity,
  SettingEntity,
  ImageAnswerEntity,
  RegistryCredentialEntity,
  UserEntity,
  SessionEntity,
  SignInLinkEntity,
  ApiTokenEntity,
  GrantBindingEntity,
  LocalUserEntity,
  PasswordEntity,
  SecondFactorEntity,
  PasskeyEntity,
  InvitationEntity,
  SignInPlaceEntity,
  AuditEntity,
  AuditOperationEntity,
  JoinTokenEntity,
  AlarmEntity,
  ChannelEntity,
  DeliveryEntity,
  StatusChangeEntity,
  ObservedPeriodEntity,
  HistorySeriesEntity,
  HistoryFrameEntity,
  HistoryMarkEntity,
  TimelineEntity,
]

/** Opens this node's database, for the server and for commands. @throws StartError */
export function openNodeDatabase(
  { databasePath, dataDir }: Config,
  log: Log,
  onStorageError?: (error: AppError) => void,
): Promise<Database> {
  refuseHalfRestored(dataDir)
  return openDatabase({ path: databasePath, entities, log, ...(onStorageError && { onStorageError }) })
}

/** Starts a node: port, database, identity, services, routes, jobs. `stop` of the result ends them in the opposite order. */
export async function startNode(world: { config: Config; clock: Clock; random: () => number; log: Log }) {
  const { config, log } = world
  const isUpgrade = existsSync(join(config.dataDir, 'secret.key')) && !hasKeptRole(config.dataDir)
  const { server, port } = await openPort(config.listen).catch((error: unknown) => explainTakenPort(config, error))
  const closePort = () => new Promise<void>((resolve) => server.close(() => resolve()))
  const storage = createStorage({ folders: [config.dataDir, config.appsDir], clock: world.clock, log })
  const database = await openNodeDatabase(config, log, storage.failed).catch(async (error: unknown) => {
    await closePort()
    throw error
  })
  storage.open(() => tryToWrite(database))
  try {
    const identity = loadIdentity({ dataDir: config.dataDir, ...config.node })
    keepRole(config.dataDir, roleOf(config))
    if (isUpgrade) sayWhatChanged(config, log)
    const apiEndpoint = config.node.apiEndpoint ?? `http://localhost:${port}`
    const services = createServices({ ...world, version: ownVersion(), identity, apiEndpoint, database, storage })
    const { self, home, events } = services
    const { client } = services.transport
    const scheduler = createScheduler({ log })
    const node = createNodeRole(services, scheduler)
    const role =
      config.role === 'primary' ? createPrimaryRole(config, services, scheduler) : createSecondaryRole(config, services, scheduler)
    await node.start()
    await role.start()
    const http = serve(server, services)
    const link =
      config.role === 'secondary' ? createLinkHome({ ...world, config, self, home, client, events, listener: http.internal }) : null
    link?.start()
    return {
      services,
      port,
      async stop(): Promise<void> {
        await scheduler.stop()
        role.stop()
        await node.stop()
        link?.stop()
        await http.stop()
        client.close()
        await database.close(true)
      },
    }
  } catch (error) {
    await closePort()
    await database.close(true)
    throw error
  }
}

const roleOf = (config: Config) => ({
  role: config.role,
  primaryUrl: config.role === 'secondary' ? config.primaryUrl : null,
  name: config.node.nameIsSet ? config.node.name : null,
})

/** Earlier versions trusted every call from this machine, so an upgrade must tell people how to sign in now. */
function sayWhatChanged({ access }: Config, log: Log): void {
  if (access.mode !== 'sign-in' || (access.github ?? access.oidc)) return
  log.warn(
    `Starting with this version, calls from this machine need credentials too. Sign in with the link printed below, and give scripts a token (${ownCommand('token')}). Existing tokens keep working and now belong to the account "machine"`,
  )
}
