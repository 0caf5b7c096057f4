import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'
import type { GraphQLInputType } from 'graphql'
import { schema } from '../../schema/index.ts'

/** An id that nothing has. */
export const unknownId = '00000000-0000-4000-8000-000000000000'

const kinds = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }

export type OperationKind = keyof typeof kinds

/** Every root field, such as `mutation removeNode`. */
export const graphqlFields = (): string[] =>
  Object.entries(kinds).flatMap(([kind, type]) => Object.keys(type?.getFields() ?? {}).map((name) => `${kind} ${name}`))

/** Whether a subscription says nothing until something happens: there is nothing that is so now. */
export const isQuiet = (subscription: string): boolean =>
  /Removed$|joinAttempted$|thingsChanged$|notificationsChanged$|auditChanged$|usersChanged$/.test(subscription)

/** The smallest document that reaches a field's resolver and changes nothing: ids do not exist, texts are empty. */
export function sampleDocument(kind: OperationKind, name: string): string {
  const field = kinds[kind]?.getFields()[name]
  if (!field) throw new Error(`the schema has no ${kind} ${name}`)
  const args = field.args.filter(isRequiredArgument).map((arg) => `${arg.name}: ${sampleValue(arg.type)}`)
  const selection = isLeafType(getNamedType(field.type)) ? '' : ' { __typename }'
  return `${kind} { ${name}${args.length > 0 ? `(${args.join(', ')})` : ''}${selection} }`
}

function sampleValue(type: GraphQLInputType): string {
  if (isNonNullType(type)) return sampleValue(type.ofType)
  if (isListType(type)) return '[]'
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(isRequiredInputField)
    return `{ ${fields.map((field) => `${field.name}: ${sampleValue(field.type)}`).join(', ')} }`
  }
  if (isEnumType(type)) return type.getValues()[0]?.name ?? 'null'
  switch (String(type)) {
    case 'ID':
      return `"${unknownId}"`
    case 'Int':
    case 'Float':
    case 'BigInt':
      return '1'
    case 'Boolean':
      return 'false'
    case 'DateTime':
      return '"2026-01-26T20:00:00Z"'
    default:
      return '""'
  }
}
