import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Hono, MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import { projectRoot } from '../project-root.ts'
import { problemResponse } from './problem.ts'
import type { HttpEnv } from './router.ts'

const root = join(projectRoot, 'frontend/dist')

/** Everything loads from this server and no inline script runs. Components set styles at run time, so inline styles are allowed. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** Serves the built dashboard. Files under /assets have a hash in their name and are cached forever. Other pages are index.html. */
export function serveDashboard(app: Hono<HttpEnv>): void {
  const index = join(root, 'index.html')
  // If the dashboard is not built, the route below answers 503.
  const files: MiddlewareHandler<HttpEnv> = existsSync(root) ? serveStatic<HttpEnv>({ root }) : (_c, next) => next()
  app.use('/assets/*', compress())
  app.get('*', async (c, next) => {
    if (c.req.path.startsWith('/api/') || c.req.path.startsWith('/auth/') || c.req.path.startsWith('/avatar/')) return next()
    c.header('content-security-policy', contentSecurityPolicy)
    if (c.req.path.startsWith('/assets/')) c.header('cache-control', 'public, max-age=31536000, immutable')
    return files(c, next)
  })
  app.get('*', (c, next) => {
    const wantsPage = c.req.header('accept')?.includes('text/html') && !c.req.path.startsWith('/api/') && !/\.\w+$/.test(c.req.path)
    if (!wantsPage) return next()
    if (existsSync(index)) return c.html(readFileSync(index, 'utf8'), 200, { 'cache-control': 'no-cache' })
    return problemResponse({ status: 503, detail: 'The dashboard is not built. Run: npm start, or npm run build' })
  })
}
