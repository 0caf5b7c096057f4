import { unknownId } from './sample-document.ts'

const fields = { id: unknownId, name: '', api_endpoint: '', api_key: '', compose_content: '' }

/** A body that passes the route's form check, which refuses unknown fields, but does nothing because all texts are empty. */
export function sampleBody(method: string, route: string, nodeId = unknownId): object {
  const { id, name, api_endpoint, api_key, compose_content } = fields
  if (route === '/api/nodes') return { id, name, api_endpoint, api_key }
  if (/^\/api\/nodes\/[^/]+$/.test(route) && method === 'PUT') return { name, api_endpoint, api_key }
  if (/^\/api\/apps(\/validate)?$/.test(route)) return { name, compose_content }
  if (/^\/api\/apps\/[^/]+$/.test(route)) return { compose_content }
  if (route.endsWith('/action')) return { action: 'start' }
  if (route.endsWith('/images/pull')) return { image: '' }
  if (route.endsWith('/prune')) return { kind: 'images' }
  if (/\/recreate$/.test(route)) return { node_id: nodeId }
  if (route === '/api/notification-channels') return { kind: 'webhook', name }
  if (route.startsWith('/api/notification-channels/')) return method === 'PUT' ? { name } : {}
  if (route === '/api/invitations') return { role: 'viewer' }
  if (/^\/api\/users\/[^/]+$/.test(route)) return { role: 'viewer' }
  if (route === '/auth/password') return { name, password: '' }
  if (route === '/api/networks') return { name }
  if (route.endsWith('/schedules')) return { schedules: [] }
  if (route.endsWith('/auto-update')) return { policy: null }
  if (/^\/api\/compose-projects\//.test(route)) return { project: '' }
  if (/\/(rollback|restore-volumes)$/.test(route)) return { version: 1 }
  if (/^\/api\/(settings$|apps\/|operations\/)/.test(route)) return {}
  return fields
}
