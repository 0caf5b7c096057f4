import { fileURLToPath } from 'node:url'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const here = fileURLToPath(new URL('.', import.meta.url))
const server = process.env['DASHBOARD_API'] ?? 'http://127.0.0.1:8080'

export default defineConfig(({ command }) => ({
  root: here,
  plugins: [
    vue(),
    ui({
      // Composables are imported explicitly. Components are resolved by name, and components.d.ts declares them for vue-tsc. That
      // file is committed, and only `npm run dev` rewrites it, so a build changes nothing in the checkout.
      autoImport: false,
      components: { dts: command === 'serve' && `${here}components.d.ts`, dirs: [] },
      colorMode: false,
      // Every icon named in the source is bundled, so nothing is fetched from an icon server at run time.
      icon: { clientBundle: { scan: { globInclude: ['src/**/*.{vue,ts}'], globExclude: ['node_modules'] }, sizeLimitKb: 128 } },
      experimental: { componentDetection: true },
      ui: {
        colors: { primary: 'teal', neutral: 'zinc' },
        toast: { slots: { description: 'break-words' } },
        // Nuxt UI makes them paler under the pointer, too pale for their text in the light theme.
        button: {
          compoundVariants: (['primary', 'error'] as const).map((color) => ({
            ...{ color, variant: 'solid' as const },
            class: `hover:bg-${color}-800 active:bg-${color}-800 dark:hover:bg-${color}-300 dark:active:bg-${color}-300`,
          })),
        },
      },
    }),
  ],
  build: { outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 700 },
  server: {
    host: '127.0.0.1',
    // A few pure functions are the server's own.
    fs: { allow: [here, `${here}../api`] },
    proxy: {
      '/graphql': { target: server, ws: true },
      '/api': server,
      '/auth': server,
      '/avatar': server,
    },
  },
}))
