import { actionTakenBy } from './declared-actions.ts'

/**
 * Who an operation is for. `guard` is middleware, which does not answer by itself. `page` is the dashboard. `own node` is for
 * routes that a primary calls only on itself. `heartbeat` names the node it is for.
 * `cluster` is for users of a primary and refused on a secondary, which knows only itself.
 * `sign-in` exists only where people sign in. `join` is for machines with a join token, which no caller here has.
 */
export type Surface = 'guard' | 'public' | 'avatar' | 'page' | 'sign-in' | 'user' | 'cluster' | 'node' | 'own node' | 'heartbeat' | 'join'

/** Operations of either role. A new route or field must be listed here before the test passes, unless `surfaceOf` knows it otherwise. */
export const surfaces: Record<string, Surface> = {
  'ALL /*': 'guard',
  'ALL /api/internal/*': 'guard',
  'ALL /api/internal/apps': 'guard',
  'ALL /api/internal/apps/*': 'guard',
  'ALL /api/internal/containers/*': 'guard',
  'ALL /api/internal/operations/*': 'guard',
  'ALL /api/internal/compose-projects': 'guard',
  'ALL /api/internal/compose-projects/import': 'guard',
  'ALL /api/internal/compose-projects/preview': 'guard',
  'ALL /api/internal/folders': 'guard',
  'ALL /api/internal/folders/*': 'guard',
  'ALL /api/internal/networks': 'guard',
  'ALL /api/internal/events': 'guard',
  'ALL /api/internal/system/*': 'guard',

  'ALL /auth/*': 'guard',
  'ALL /assets/*': 'guard',

  'GET /api/health': 'public',
  'GET /api/ready': 'public',
  'GET /avatar/:name': 'avatar',
  'GET /auth/providers': 'sign-in',
  'GET /auth/github': 'sign-in',
  'GET /auth/github/callback': 'sign-in',
  'POST /auth/link': 'sign-in',
  'POST /auth/local': 'sign-in',
  'POST /auth/finish': 'sign-in',
  'POST /auth/sign-out': 'sign-in',
  'GET /*': 'page',

  'POST /api/internal/nodes/:id/heartbeat': 'heartbeat',
  'POST /api/join': 'join',
  'GET /api/internal/settings': 'node',
  'POST /api/internal/settings/changed': 'node',
  'POST /api/internal/key': 'node',
  'PUT /api/internal/images/answers': 'node',
  'POST /api/internal/images/check': 'node',
  'GET /api/internal/registry-logins': 'node',
  'POST /api/internal/primary': 'node',

  'GET /api/openapi.json': 'user',
  'GET /api/nodes': 'user',
  'POST /api/nodes': 'cluster',
  'GET /api/nodes/:id': 'user',
  'GET /api/apps': 'user',
  'GET /api/apps/:id': 'user',
  'GET /api/apps/:id/removal': 'user',
  'GET /api/compose-projects': 'user',
  'POST /api/apps/validate': 'user',
  'GET /api/apps/:id/history': 'user',
  'GET /api/nodes/:id/history': 'user',
  'GET /api/apps/:id/logs': 'user',
  'GET /api/nodes/:id/containers/:container_id/logs': 'user',
  'GET /api/apps/:id/versions': 'user',
  'GET /api/apps/:id/changed-files': 'user',
  'GET /api/apps/:id/versions/:number': 'user',
  'GET /api/apps/:id/versions/:number/files': 'user',
  'GET /api/folders': 'user',
  'POST /api/compose-projects/preview': 'user',
  'GET /api/folders/:name/compose': 'user',
  'GET /api/system/stats': 'user',
  'GET /api/audit.jsonl': 'user',
  'GET /api/settings': 'user',
  'PUT /api/settings': 'cluster',
  'GET /graphql': 'user',
  'POST /graphql': 'user',

  'query alarms': 'user',
  'query registryCredentials': 'user',
  'query apiTokens': 'user',
  'query audit': 'user',
  'query sessions': 'user',
  'query users': 'user',
  'query joinTokens': 'user',
  'query joinAttempts': 'user',
  'query app': 'user',
  'query appRemoval': 'user',
  'query appVersion': 'user',
  'query apps': 'user',
  'query composeProjects': 'user',
  'query composeOnDisk': 'user',
  'query appChangedFiles': 'user',
  'query importPreview': 'user',
  'query preparedFolders': 'user',
  'query nodeHistory': 'user',
  'query appHistory': 'user',
  'query node': 'user',
  'query nodes': 'user',
  'query operation': 'user',
  'query operations': 'user',
  'query server': 'user',
  'query settings': 'user',
  'query systemStats': 'user',
  'query validateApp': 'user',
  'query viewer': 'user',

  'mutation changePrimaryUrl': 'cluster',
  'mutation setRegistryCredential': 'cluster',
  'mutation createJoinToken': 'cluster',
  'mutation registerNode': 'cluster',
  'mutation updateSettings': 'cluster',

  'subscription alarmsChanged': 'user',
  'subscription appChanged': 'user',
  'subscription appLogs': 'user',
  'subscription appRemoved': 'user',
  'subscription containerLogs': 'user',
  'subscription joinAttempted': 'user',
  'subscription nodeRemoved': 'user',
  'subscription nodeStats': 'user',
  'subscription nodeStatsChanged': 'user',
  'subscription nodeStatusChanged': 'user',
  'subscription operationProgress': 'user',
  'subscription serverChanged': 'user',
}

/** What a primary calls only on itself. */
const ownNode = /\/api\/internal\/(networks|apps|containers|compose-projects|folders|operations|events|system)\b/

/** Undefined for an operation that is neither listed nor an action nor a call to a node about its own things. */
export const surfaceOf = (operation: string): Surface | undefined =>
  surfaces[operation] ?? (ownNode.test(operation) ? 'own node' : actionTakenBy(operation) && 'user')
