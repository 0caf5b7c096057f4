/** The parts of an OpenAPI document that are shown. */
export interface OpenApi {
  paths: Record<string, Record<string, OpenApiOperation>>
  components?: { schemas?: Record<string, Schema> }
}

interface OpenApiOperation {
  tags?: string[]
  summary?: string
  parameters?: { name: string; in: string; required?: boolean; description?: string }[]
  requestBody?: { content?: Record<string, { schema?: Schema }> }
  responses?: Record<string, { description?: string }>
}

interface Schema {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  anyOf?: Schema[]
  allOf?: Schema[]
  default?: unknown
  example?: unknown
}

export interface ApiRoute {
  method: string
  path: string
  does: string
  parameters: { name: string; in: string; required: boolean; description: string }[]
  /** JSON of a body with every field; null for a route without one. */
  body: string | null
  answers: { status: string; description: string }[]
}

export interface ApiSection {
  name: string
  routes: ApiRoute[]
}

/** What nodes ask of each other, which people do not. */
const ofNodes = new Set(['internal', 'join'])
/** A field of a field of a field says enough. */
const deepest = 4

/** All routes for people and scripts, by subject, in the order of the document. */
export function sectionsOf(document: OpenApi): ApiSection[] {
  const sections = new Map<string, ApiRoute[]>()
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [name = 'other'] = operation.tags ?? []
      if (!ofNodes.has(name)) sections.set(name, [...(sections.get(name) ?? []), routeOf(document, method, path, operation)])
    }
  }
  return [...sections].map(([name, routes]) => ({ name, routes }))
}

function routeOf(document: OpenApi, method: string, path: string, operation: OpenApiOperation): ApiRoute {
  const answers = Object.entries(operation.responses ?? {}).map(([status, { description = '' }]) => ({ status, description }))
  const schema = operation.requestBody?.content?.['application/json']?.schema
  return {
    method: method.toUpperCase(),
    path,
    does: operation.summary ?? answers.find(({ status }) => status.startsWith('2'))?.description ?? '',
    parameters: (operation.parameters ?? []).map(({ name, in: where, required = false, description = '' }) => ({
      ...{ name, in: where, required, description },
    })),
    body: schema ? JSON.stringify(exampleOf(document, schema), null, 2) : null,
    answers,
  }
}

/** A value of this shape. */
function exampleOf(document: OpenApi, schema: Schema, depth = 0): unknown {
  const name = schema.$ref?.split('/').at(-1)
  const referred = name === undefined ? undefined : document.components?.schemas?.[name]
  if (referred) return exampleOf(document, referred, depth)
  if (schema.example !== undefined) return schema.example
  const [first] = schema.anyOf ?? []
  if (first) return exampleOf(document, first, depth)
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => exampleOf(document, part, depth))) as unknown
  if (schema.enum) return schema.enum[0]
  const type = [schema.type].flat().find((each) => each !== 'null')
  if (type === 'object' && depth < deepest)
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, part]) => [key, exampleOf(document, part, depth + 1)]))
  if (type === 'array') return schema.items && depth < deepest ? [exampleOf(document, schema.items, depth + 1)] : []
  if (schema.default !== undefined && schema.default !== '') return schema.default
  return { string: 'text', integer: 1, number: 1, boolean: true, object: {} }[type ?? ''] ?? null
}

/** Those that have all of these words in their method, path or purpose. */
export function routesLike(sections: ApiSection[], search: string): ApiSection[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = ({ method, path, does }: ApiRoute): boolean => {
    const text = `${method} ${path} ${does}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }
  return sections.map(({ name, routes }) => ({ name, routes: routes.filter(fits) })).filter(({ routes }) => routes.length > 0)
}

/** A command line for it. */
export function curlOf({ method, path, body, parameters }: ApiRoute, origin: string): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => `$${name.toUpperCase()}`)
  const query = parameters.filter(({ in: where, required }) => where === 'query' && required).map(({ name }) => `${name}=...`)
  const parts = [
    `curl -s${method === 'GET' ? '' : ` -X ${method}`} "${origin}${filled}${query.length > 0 ? `?${query.join('&')}` : ''}"`,
    '-H "Authorization: Bearer $TOKEN"',
    ...(body === null ? [] : ["-H 'Content-Type: application/json'", `-d '${body}'`]),
  ]
  return parts.join(' \\\n  ')
}
