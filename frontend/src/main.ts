import ui from '@nuxt/ui/vue-plugin'
import { createApp } from 'vue'
import App from './App.vue'
import { backendKey, createBackend } from './graphql/client.ts'
import { createDashboardRouter } from './router.ts'
import './style.css'

createApp(App).provide(backendKey, createBackend(window.location.origin)).use(createDashboardRouter()).use(ui).mount('#app')
