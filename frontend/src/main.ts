import ui from '@nuxt/ui/vue-plugin'
import { createApp } from 'vue'
import App from './App.vue'
import { serverConnectionKey, createServerConnection } from './graphql/server-connection.ts'
import { createDashboardRouter } from './router.ts'
import './style.css'

createApp(App)
  .provide(serverConnectionKey, createServerConnection(window.location.origin))
  .use(createDashboardRouter())
  .use(ui)
  .mount('#app')
