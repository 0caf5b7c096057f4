import { createRouter, createWebHistory } from 'vue-router'
import Nodes from './pages/Nodes.vue'

/** Nodes is the first page and comes with it; the others load when they are opened. */
export const createDashboardRouter = () =>
  createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/', redirect: '/nodes' },
      { path: '/nodes', component: Nodes },
      { path: '/apps', component: () => import('./pages/Apps.vue') },
      { path: '/apps/new', component: () => import('./pages/AppCreate.vue') },
      { path: '/apps/:id', component: () => import('./pages/AppDetail.vue'), props: true },
      { path: '/monitoring', component: () => import('./pages/Monitoring.vue') },
      { path: '/settings', component: () => import('./pages/Settings.vue') },
      { path: '/:path(.*)*', component: () => import('./pages/NotFound.vue') },
    ],
  })
