import type {
  AlarmsChangedSubscription,
  ApiTokensQuery,
  AppFieldsFragment,
  AppQuery,
  AppRemovalQuery,
  AppVersionQuery,
  AuditQuery,
  BeginSecondFactorMutation,
  ChangePrimaryUrlMutation,
  ComposeOnDiskQuery,
  FilesOnDiskQuery,
  ComposeProjectsQuery,
  ContainersQuery,
  CreateApiTokenMutation,
  CreateJoinTokenMutation,
  ImportPreviewQuery,
  ImagesQuery,
  InviteUserMutation,
  JoinAttemptFieldsFragment,
  JoinTokenFieldsFragment,
  NetworksQuery,
  NodeFieldsFragment,
  NodeHistoryQuery,
  HistoryFieldsFragment,
  NodeStatsFieldsFragment,
  NodeUsageFieldsFragment,
  OperationFieldsFragment,
  OwnSignInQuery,
  PreparedFoldersQuery,
  PruneMutation,
  RecentEventsQuery,
  RecentUsageQuery,
  ServerFieldsFragment,
  NotificationChannelsQuery,
  TimelineFieldsFragment,
  RegistryCredentialsQuery,
  ScheduleFieldsFragment,
  SessionsQuery,
  UsersQuery,
  ValidateAppQuery,
  VersionFieldsFragment,
  VolumesQuery,
} from './generated/graphql.ts'

// The types of what the dashboard shows, taken from its documents.

export type NodeItem = NodeFieldsFragment
export type NodeHold = NonNullable<NodeItem['cordon']>
type NodeHistory = NonNullable<NodeHistoryQuery['node']>
export type StatusChangeItem = NodeHistory['statusHistory']['nodes'][number]
export type Uptime = NodeHistory['uptime']
export type NodeUsageItem = NodeUsageFieldsFragment
export type HistoryItem = HistoryFieldsFragment
export type MarkItem = HistoryItem['marks'][number]
export type NodeStatsItem = NodeStatsFieldsFragment
export type ContainerStatsItem = NodeStatsItem['containers'][number]
export type AlarmItem = AlarmsChangedSubscription['alarmsChanged'][number]

export type JoinTokenItem = JoinTokenFieldsFragment
export type NewJoinToken = CreateJoinTokenMutation['createJoinToken']
export type JoinAttemptItem = JoinAttemptFieldsFragment
export type TimelineItem = TimelineFieldsFragment
export type ChannelItem = NotificationChannelsQuery['notificationChannels'][number]
export type DeliveryItem = ChannelItem['deliveries'][number]
export type RegistryItem = RegistryCredentialsQuery['registryCredentials'][number]
export type PrimaryUrlOutcome = ChangePrimaryUrlMutation['changePrimaryUrl'][number]

/** An app as lists have it. */
export type AppItem = AppFieldsFragment
/** With its Compose file and recent operations. */
export type AppDetail = NonNullable<AppQuery['app']>
export type AllowanceItem = AppDetail['allowances'][number]
export type ScheduleItem = ScheduleFieldsFragment
export type ContainerItem = AppItem['containers'][number]
export type OperationItem = OperationFieldsFragment
export type RemovalPreview = NonNullable<AppRemovalQuery['appRemoval']>
export type RemovalItem = RemovalPreview['items'][number]
/** A folder on a node that is not an app yet. */
export type PreparedFolder = NonNullable<PreparedFoldersQuery['preparedFolders']>[number]
/** A Compose project on a node that is not an app. */
export type FoundProject = ComposeProjectsQuery['composeProjects'][number]
export type ImportPreview = ImportPreviewQuery['importPreview']
/** What is wrong with a draft of an app, and what to know before saving it. */
export type AppValidation = ValidateAppQuery['validateApp']
export type PolicyFinding = AppValidation['findings'][number]
export type VersionItem = VersionFieldsFragment
/** With its files and environment. */
export type VersionDetail = NonNullable<AppVersionQuery['appVersion']>
/** The Compose file in an app's folder. */
export type AppFilesOnDisk = FilesOnDiskQuery
export type ComposeOnDisk = NonNullable<ComposeOnDiskQuery['composeOnDisk']>

export type UserItem = UsersQuery['users'][number]
export type InvitationItem = UsersQuery['invitations'][number]
export type NewInvitationItem = InviteUserMutation['inviteUser']
export type OwnSignInItem = OwnSignInQuery['ownSignIn']
export type PasskeyItem = OwnSignInItem['passkeys'][number]
export type NewSecondFactorItem = BeginSecondFactorMutation['beginSecondFactor']
export type SessionItem = SessionsQuery['sessions'][number]
export type ApiTokenItem = ApiTokensQuery['apiTokens'][number]
export type CreatedApiToken = CreateApiTokenMutation['createApiToken']
export type AuditItem = AuditQuery['audit']['nodes'][number]

/** A container of any kind, as the list of a node's containers shows it. */
export type NodeContainerItem = ContainersQuery['containers']['nodes'][number]
export type ImageItem = ImagesQuery['images']['nodes'][number]
export type VolumeItem = VolumesQuery['volumes']['nodes'][number]
export type NetworkItem = NetworksQuery['networks']['nodes'][number]
export type ThingUserItem = ImageItem['usedBy'][number]
export type PruneResultItem = PruneMutation['prune']

/** An operation, or a change of a node's status. */
export type RecentEventItem = RecentEventsQuery['recentEvents'][number]
/** What a node used in the last hours. */
export type RecentUsageItem = RecentUsageQuery['recentUsage'][number]
export type ServerItem = ServerFieldsFragment
