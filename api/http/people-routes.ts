import { auditRoutes } from './audit-routes.ts'
import { upkeepRoutes } from './upkeep-routes.ts'
import { operationRoutes } from './operation-routes.ts'
import { nodeRoutes } from './user-node-routes.ts'
import { userRoutes } from './user-routes.ts'
import { createRouter, type Router } from './router.ts'
import { ownPasswordRoutes } from './own-password-routes.ts'
import { notificationRoutes } from './notification-routes.ts'
import { settingsRoutes } from './settings-routes.ts'
import { historyRoutes } from './history-routes.ts'
import { timelineRoutes } from './timeline-routes.ts'
import { statsRoutes } from './stats-routes.ts'
import { serveContainers } from './container-routes.ts'
import { serveAllThings } from './thing-routes.ts'
import { userAppRoutes } from './user-app-routes.ts'

/** The REST API for people and scripts, over the same `user/` as GraphQL. @param baseUrl URL at which people reach this server */
export function peopleRoutes(baseUrl: string): Router {
  const router = createRouter()
  for (const routes of [
    nodeRoutes(),
    userAppRoutes(),
    operationRoutes(),
    statsRoutes(),
    historyRoutes(),
    settingsRoutes(),
    notificationRoutes(),
    timelineRoutes(),
    upkeepRoutes(),
    auditRoutes(),
    ownPasswordRoutes(),
    userRoutes(baseUrl),
  ])
    router.route('/', routes)
  serveContainers(router)
  serveAllThings(router)
  return router
}
