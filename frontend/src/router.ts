import { createRouter, createWebHistory } from 'vue-router'
import type { RouteRecordRaw } from 'vue-router'
import type { Permission } from './composables/shared/usePermissions.ts'
import type { Role } from './graphql/generated/graphql.ts'
import Nodes from './pages/Nodes.vue'
import Overview from './pages/Overview.vue'
import { invitationCode, linkCode } from './utils/sign-in/sign-in-urls.ts'

declare module 'vue-router' {
  interface RouteMeta {
    /** Without this permission, the page shows which role has it, under this title. */
    needs?: { permission: Permission; role: Role; title: string }
    /** Shown without the dashboard around it, signed in or not. */
    bare?: boolean
  }
}

/** The overview and the list of nodes are part of the main bundle. The other pages load when opened. */
const routes: RouteRecordRaw[] = [
  { path: '/', component: Overview },
  { path: '/nodes', component: Nodes },
  // The part of the page is in its address: see utils/nodes/node-tabs.ts.
  { path: '/nodes/:id/:tab?', component: () => import('./pages/NodeDetail.vue'), props: true },
  {
    path: '/nodes/join-tokens',
    component: () => import('./pages/JoinTokens.vue'),
    meta: { needs: { permission: 'node.change', role: 'ADMIN', title: 'Join tokens' } },
  },
  { path: '/apps', component: () => import('./pages/Apps.vue') },
  {
    path: '/apps/new',
    component: () => import('./pages/AppCreate.vue'),
    meta: { needs: { permission: 'app.change', role: 'OPERATOR', title: 'New app' } },
  },
  // The part of the page is in its address: see utils/apps/app-tabs.ts.
  { path: '/apps/:id/:tab?', component: () => import('./pages/AppDetail.vue'), props: true },
  { path: '/engine/:tab?', component: () => import('./pages/Engine.vue'), props: true },
  { path: '/monitoring', component: () => import('./pages/Monitoring.vue') },
  {
    path: '/settings',
    component: () => import('./pages/Settings.vue'),
    meta: { needs: { permission: 'settings.read', role: 'OPERATOR', title: 'Settings' } },
  },
  {
    path: '/users',
    component: () => import('./pages/Users.vue'),
    meta: { needs: { permission: 'users.manage', role: 'ADMIN', title: 'Users' } },
  },
  {
    path: '/audit',
    component: () => import('./pages/Audit.vue'),
    meta: { needs: { permission: 'audit.read', role: 'ADMIN', title: 'Audit log' } },
  },
  { path: '/reference', component: () => import('./pages/ApiReference.vue') },
  { path: '/account', component: () => import('./pages/Account.vue') },
  { path: '/sign-in', component: () => import('./pages/SignIn.vue'), meta: { bare: true } },
  { path: '/welcome', component: () => import('./pages/SetPassword.vue'), meta: { bare: true } },
  { path: '/:path(.*)*', component: () => import('./pages/NotFound.vue') },
]

export function createDashboardRouter() {
  const router = createRouter({ history: createWebHistory(), routes })
  // A sign-in link or an invitation points at the root, so send it on to the sign-in page.
  router.beforeEach(
    ({ path, hash }) => (linkCode(hash) ?? invitationCode(hash)) === undefined || path === '/sign-in' || { path: '/sign-in', hash },
  )
  return router
}
