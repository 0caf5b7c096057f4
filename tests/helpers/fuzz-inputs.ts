import fc from 'fast-check'
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
} from 'graphql'
import { schema } from '../../schema/index.ts'
import type { Json } from './http-caller.ts'
import { unknownId } from './sample-document.ts'

export interface FuzzInput {
  method: string
  path: string
  headers: Record<string, string>
  body: string | undefined
}

/** Endpoints get called, so these lead nowhere. */
const endpoints = fc.constantFrom('http://127.0.0.1:9', 'http://fuzz.invalid', 'nowhere', '', 'https://[::1]:9/x?y#z', 'ftp://x')
const texts = fc.oneof(
  fc.constantFrom(
    '',
    'web',
    'a b',
    '../../etc',
    '__proto__',
    'constructor',
    "'; drop table nodes; --",
    '\u0000',
    '\ud800',
    'ÅÄÖ',
    '${HOME}',
    '💥'.repeat(40),
  ),
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constant('x'.repeat(20_000)),
)
const composeFiles = fc.constantFrom(
  '',
  'services: [',
  'services: {web: {image: x}}',
  '&a [*a]',
  'a: &a {b: *a}',
  'services:\n  web: !!js/function x',
  '---\n---',
)
const numbers = fc.oneof(
  // Mostly a page that can be had: a wrong one refuses the whole document, and most documents have several.
  { weight: 8, arbitrary: fc.constantFrom(1, 2, 10) },
  { weight: 6, arbitrary: fc.constantFrom(0, 1, 50, 500, 501, -1) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 31, 2 ** 53, 1.5, 1e308) },
  { weight: 3, arbitrary: fc.integer() },
)
const wrong: fc.Arbitrary<Json> = fc.oneof(fc.constantFrom(null, true, {}, [], [[]], { __proto__: 1 }), fc.jsonValue({ maxDepth: 2 }))

/** Ids to read, change and remove. Some exist. */
export const idsWith = (known: string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known, unknownId, unknownId.toUpperCase(), '1') }, { weight: 1, arbitrary: texts })

interface Made {
  ids: fc.Arbitrary<string>
}

function valueOf(type: GraphQLInputType, name: string, made: Made): fc.Arbitrary<Json> {
  const right = rightValue(type, name, made)
  return fc.oneof({ weight: 14, arbitrary: right }, { weight: 1, arbitrary: wrong })
}

function rightValue(type: GraphQLInputType, name: string, made: Made): fc.Arbitrary<Json> {
  if (isNonNullType(type)) return rightValue(type.ofType, name, made)
  if (isListType(type)) return fc.array(valueOf(type.ofType, name, made), { maxLength: 4 })
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map((value) => value.name))
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields())
    const requiredKeys = fields.filter((field) => isNonNullType(field.type)).map((field) => field.name)
    return fc.record(Object.fromEntries(fields.map((field) => [field.name, valueOf(field.type, field.name, made)])), { requiredKeys })
  }
  if (/endpoint/i.test(name)) return endpoints
  if (/compose/i.test(name)) return fc.oneof(composeFiles, texts)
  if (name === 'name') return fc.oneof(fc.constantFrom('one', 'two', 'three'), texts)
  switch (type.name) {
    case 'ID':
      return made.ids
    case 'Int':
    case 'BigInt':
      return numbers
    case 'Boolean':
      return fc.boolean()
    case 'DateTime':
      return fc.constantFrom('2026-01-01T00:00:00Z', 'yesterday', '', '+275760-09-13T00:00:00Z')
    default:
      return texts
  }
}

function literal(value: Json, isEnum: boolean): string {
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, isEnum)).join(' ')}]`
  if (value !== null && typeof value === 'object')
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${key}: ${literal(item, false)}`)
      .join(' ')} }`
  if (typeof value === 'string' && isEnum) return value
  return JSON.stringify(value) ?? 'null'
}

interface Part {
  text: string
  declared: string[]
  variables: Record<string, Json>
}

const join = (parts: Part[]): Part => ({
  text: parts.map(({ text }) => text).join(' '),
  declared: parts.flatMap(({ declared }) => declared),
  variables: Object.assign({}, ...parts.map(({ variables }) => variables)) as Record<string, Json>,
})

let variableCount = 0

function callOf(field: GraphQLField<unknown, unknown>, depth: number, made: Made): fc.Arbitrary<Part> {
  const given = field.args.map((arg) =>
    fc
      .tuple(valueOf(arg.type, arg.name, made), fc.boolean(), fc.integer({ min: 0, max: 9 }))
      .map(([value, asVariable, chance]): Part | null => {
        if (chance === 0 || (chance < 5 && !isNonNullType(arg.type))) return null
        if (!asVariable) return { text: `${arg.name}: ${literal(value, isEnumType(getNamedType(arg.type)))}`, declared: [], variables: {} }
        const variable = `v${variableCount++}`
        return { text: `${arg.name}: $${variable}`, declared: [`$${variable}: ${String(arg.type)}`], variables: { [variable]: value } }
      }),
  )
  return fc.tuple(fc.tuple(...given), selectionOf(getNamedType(field.type), depth, made)).map(([args, selection]) => {
    const all = join(args.filter((arg) => arg !== null))
    return join([{ ...all, text: `${field.name}${all.text === '' ? '' : `(${all.text})`}` }, selection])
  })
}

const nothing: Part = { text: '', declared: [], variables: {} }

function selectionOf(type: GraphQLNamedType, depth: number, made: Made): fc.Arbitrary<Part> {
  if (!isObjectType(type)) return fc.constant(nothing)
  const fields = Object.values(type.getFields()).filter((field) => depth > 0 || isLeafType(getNamedType(field.type)))
  if (fields.length === 0) return fc.constant({ ...nothing, text: '{ __typename }' })
  return fc
    .subarray(fields, { minLength: 1, maxLength: Math.min(5, fields.length) })
    .chain((chosen) => fc.tuple(...chosen.map((field) => callOf(field, depth - 1, made))))
    .map((parts) => {
      const all = join(parts)
      return { ...all, text: `{ ${all.text} }` }
    })
}

const damage: fc.Arbitrary<(text: string) => string> = fc
  .tuple(fc.nat(), fc.constantFrom('', '{', '}', '...F', '$', '"', '@skip(if: true)', 'unknown', '\u0000', '#', '(', '!'))
  .map(
    ([at, piece]) =>
      (text) =>
        text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + (piece === '' ? 7 : 0)),
  )

/** The callers are tokens, which are always refused here, with all else in the document. */
const forPeopleOnly = /session|apiToken/i

/** Queries and mutations generated from the schema: mostly valid, some with values of the wrong type, some broken. */
export function graphqlInputs(known: string[]): fc.Arbitrary<FuzzInput> {
  const made: Made = { ids: idsWith(known) }
  const roots = fc.constantFrom(...(['query', 'query', 'mutation'] as const))
  const documents = roots.chain((kind) => {
    const type = kind === 'query' ? schema.getQueryType() : schema.getMutationType()
    const all = Object.values(type?.getFields() ?? {})
    const fields = fc.oneof(
      { weight: 9, arbitrary: fc.constant(all.filter(({ name }) => !forPeopleOnly.test(name))) },
      { weight: 1, arbitrary: fc.constant(all) },
    )
    return fields
      .chain((some) => fc.subarray(some, { minLength: 1, maxLength: kind === 'query' ? 3 : 1 }))
      .chain((chosen) => fc.tuple(...chosen.map((field) => callOf(field, 3, made))))
      .map((parts) => {
        const { text, declared, variables } = join(parts)
        return { query: `${kind}${declared.length > 0 ? ` (${declared.join(' ')})` : ''} { ${text} }`, variables }
      })
  })
  const bodies = fc.oneof(
    { weight: 12, arbitrary: documents },
    { weight: 3, arbitrary: fc.tuple(documents, damage).map(([{ query, variables }, change]) => ({ query: change(query), variables })) },
    { weight: 1, arbitrary: fc.tuple(documents, wrong).map(([{ query }, variables]) => ({ query, variables })) },
    { weight: 1, arbitrary: wrong },
  )
  return bodies.map((body) => ({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }))
}

const headerSets = fc.constantFrom<Record<string, string>>(
  {},
  { 'content-type': 'application/json' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'text/plain' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': 'application/json', 'content-encoding': 'gzip' },
  { 'content-type': 'application/json', accept: 'image/png' },
  { 'content-type': 'application/json', range: 'bytes=0-1', 'if-none-match': '*' },
  { 'content-type': 'application/json', origin: 'null' },
  { 'content-type': 'application/json', cookie: 'selfhostly_session=%; a==; =b; __proto__=1' },
  { 'content-type': 'application/json', 'x-on-behalf-of': '%ff%00' },
)

/** Requests generated from the OpenAPI document's paths, parameters and bodies, mostly valid. Leaves out event streams, which do not end. */
export function restInputs(document: Json, known: string[], isWanted: (path: string) => boolean = () => true): fc.Arbitrary<FuzzInput> {
  const routes = Object.entries<Json>(document.paths)
    .filter(([path]) => !path.endsWith('/events') && isWanted(path))
    .flatMap(([path, item]) => Object.entries<Json>(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })))
  const made: Made = { ids: idsWith(known) }
  return fc.constantFrom(...routes).chain(({ path, method, operation }) => {
    const parameters: { name: string; in: string }[] = operation.parameters ?? []
    const query = fc.record(
      Object.fromEntries(parameters.filter((each) => each.in === 'query').map(({ name }) => [name, /id/.test(name) ? made.ids : texts])),
      { requiredKeys: [] },
    )
    const methods = fc.oneof(
      { weight: 12, arbitrary: fc.constant(method) },
      { weight: 1, arbitrary: fc.constantFrom('PATCH', 'OPTIONS', 'HEAD', 'TRACE') },
    )
    return fc.tuple(made.ids, query, bodyOf(document, operation, made), headerSets, methods).map(([id, given, body, headers, chosen]) => ({
      method: chosen,
      path: path.replace(/\{\w+\}/, safely(id)) + queryString(given),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: chosen === 'GET' || chosen === 'HEAD' || chosen === 'TRACE' ? undefined : body,
    }))
  })
}

/** Unpaired surrogates cannot be encoded. */
const safely = (text: string): string => encodeURIComponent(text.toWellFormed()).slice(0, 3000) || '%20'

const queryString = (given: Record<string, string | undefined>): string => {
  const pairs = Object.entries(given).map(([name, value = '']) => `${name}=${safely(value)}`)
  return pairs.length > 0 ? `?${pairs.join('&')}` : ''
}

function bodyOf(document: Json, operation: Json, made: Made): fc.Arbitrary<string | undefined> {
  const schemaOf = operation.requestBody?.content?.['application/json']?.schema
  if (!schemaOf) return fc.option(fc.constantFrom('', '{}', '['), { nil: undefined })
  const name =
    String(schemaOf.$ref ?? '')
      .split('/')
      .at(-1) ?? ''
  const properties: string[] = Object.keys(document.components.schemas[name]?.properties ?? schemaOf.properties ?? {})
  const valueFor = (property: string): fc.Arbitrary<Json> => {
    const right =
      property === 'id'
        ? made.ids
        : /endpoint/.test(property)
          ? endpoints
          : /compose/.test(property)
            ? fc.oneof(composeFiles, texts)
            : texts
    const labels = fc.dictionary(fc.string({ maxLength: 5 }), texts, { maxKeys: 3 })
    return fc.oneof({ weight: 12, arbitrary: property === 'labels' ? labels : right }, { weight: 1, arbitrary: wrong })
  }
  const right = fc.record(Object.fromEntries(properties.map((property) => [property, valueFor(property)])), { requiredKeys: [] })
  return fc.oneof(
    { weight: 10, arbitrary: right.map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: wrong.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.constantFrom('', '{', 'null', '\u0000', '{"a":'.repeat(5000), '[[[[', '{"name":"\\ud800"}') },
  )
}
