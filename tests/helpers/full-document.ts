import { getNamedType, isObjectType, isRequiredArgument, type GraphQLNamedType } from 'graphql'
import { schema } from '../../schema/index.ts'
import { sampleDocument, type OperationKind } from './sample-document.ts'

const roots = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }

/** Small pages, because full pages within full pages exceed the cost limit. */
const smallPage = '(first: 2)'
/**
 * Pages within pages, or of each thing that another one names, exceed the limit of breadth. Each is a page of another query too.
 */
const mostPages = 1

/** Like `sampleDocument`, but selects every field. Leaves out types nested within themselves. */
export function fullDocument(kind: OperationKind, name: string): string {
  const field = roots[kind]?.getFields()[name]
  if (!field) throw new Error(`the schema has no ${kind} ${name}`)
  const pages = field.args.some((arg) => arg.name === 'first') ? smallPage : ''
  return sampleDocument(kind, name).replace(
    ' { __typename }',
    `${pages} ${selectionOf(getNamedType(field.type), [], pages === '' ? 0 : 1)}`,
  )
}

function selectionOf(type: GraphQLNamedType, above: string[], pagesAbove: number): string {
  if (!isObjectType(type) || above.includes(type.name)) return ''
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const inner = getNamedType(field.type)
    if (field.args.some(isRequiredArgument)) return []
    if (!isObjectType(inner)) return [field.name]
    const pages = field.args.some((arg) => arg.name === 'first') ? smallPage : ''
    const pagesHere = pagesAbove + (pages === '' ? 0 : 1)
    const isElsewhere = pagesHere > mostPages || (pages !== '' && above.length > 0)
    const selection = isElsewhere ? '' : selectionOf(inner, [...above, type.name], pagesHere)
    return selection === '' ? [] : [`${field.name}${pages} ${selection}`]
  })
  return `{ __typename ${fields.join(' ')} }`
}
