import { Migration20261124FirstSchema } from './20261124-first-schema.ts'
import { Migration20261124About } from './20261124-about.ts'
import { Migration20261124LocalUsers } from './20261124-local-users.ts'
import { Migration20261124Access } from './20261124-access.ts'
import { Migration20261124JoinTokens } from './20261124-join-tokens.ts'
import { Migration20261124NodeKeys } from './20261124-node-keys.ts'
import { Migration20261124NodeHolds } from './20261124-node-holds.ts'
import { Migration20261124StatusHistory } from './20261124-status-history.ts'
import { Migration20261129AppVersions } from './20261129-app-versions.ts'
import { Migration20261129AuditRetention } from './20261129-audit-retention.ts'
import { Migration20261129SignInPlaces } from './20261129-sign-in-places.ts'
import { Migration20261129SessionBrowser } from './20261129-session-browser.ts'
import { Migration20261129AppStatus } from './20261129-app-status.ts'
import { Migration20261129GrantBindings } from './20261129-grant-bindings.ts'
import { Migration20261129SignInLinks } from './20261129-sign-in-links.ts'
import { Migration20261129OperationWarnings } from './20261129-operation-warnings.ts'
import { Migration20261129AuditOutcomes } from './20261129-audit-outcomes.ts'
import { Migration20261130Deploys } from './20261130-deploys.ts'
import { Migration20261130Operations } from './20261130-operations.ts'
import { Migration20261130Registries } from './20261130-registries.ts'
import { Migration20261130Versions } from './20261130-versions.ts'
import { Migration20261130Policy } from './20261130-policy.ts'

/** In the order they run, which is the order of their names. Never change a released migration. */
export const migrations = [
  { name: '20261124-first-schema', class: Migration20261124FirstSchema },
  { name: '20261124b-access', class: Migration20261124Access },
  { name: '20261124c-about', class: Migration20261124About },
  { name: '20261124d-join-tokens', class: Migration20261124JoinTokens },
  { name: '20261124l-local-users', class: Migration20261124LocalUsers },
  { name: '20261124n-node-holds', class: Migration20261124NodeHolds },
  { name: '20261124o-status-history', class: Migration20261124StatusHistory },
  { name: '20261124p-node-keys', class: Migration20261124NodeKeys },
  { name: '20261129-app-status', class: Migration20261129AppStatus },
  { name: '20261129-app-versions', class: Migration20261129AppVersions },
  { name: '20261129-audit-outcomes', class: Migration20261129AuditOutcomes },
  { name: '20261129-audit-retention', class: Migration20261129AuditRetention },
  { name: '20261129-grant-bindings', class: Migration20261129GrantBindings },
  { name: '20261129-session-browser', class: Migration20261129SessionBrowser },
  { name: '20261129-sign-in-links', class: Migration20261129SignInLinks },
  { name: '20261129-sign-in-places', class: Migration20261129SignInPlaces },
  { name: '20261129-warnings-of-operations', class: Migration20261129OperationWarnings },
  { name: '20261130-deploys', class: Migration20261130Deploys },
  { name: '20261130-operations', class: Migration20261130Operations },
  { name: '20261130-registries', class: Migration20261130Registries },
  { name: '20261130-versions', class: Migration20261130Versions },
  { name: '20261130-with-policy', class: Migration20261130Policy },
]
