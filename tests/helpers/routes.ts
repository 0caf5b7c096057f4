import { createServer } from 'node:http'
import { serve } from '../../api/http/server.ts'
import type { Services } from '../../api/services.ts'

export interface Route {
  method: string
  path: string
}

/** Every route that a node with these services has, each once. `ALL` is middleware. */
export async function routesOf(services: Services): Promise<Route[]> {
  const http = serve(createServer(), services)
  const names = new Set(http.app.routes.map(({ method, path }) => `${method} ${path}`))
  await http.stop()
  return [...names].map((name) => {
    const [method = '', path = ''] = name.split(' ')
    return { method, path }
  })
}
