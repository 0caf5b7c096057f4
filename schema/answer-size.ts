import {
  defaultFieldResolver,
  isLeafType,
  getNamedType,
  getNullableType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type GraphQLField,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql'
import { AppError } from '../api/errors.ts'

/**
 * In bytes. The limit for one answer: enough for a page of 500 apps with a 20 KiB Compose file each, and far below what stalls the
 * server or fills its memory when several answers are sent at once.
 */
export const maxAnswerBytes = 16 * 1024 * 1024
/** Quotes, colon, comma and the work per value. Also limits the number of values, however small they are. */
const bytesPerValue = 32

export type AnswerSize = ReturnType<typeof createAnswerSize>

/** Counts the size of one answer as it is built. */
export function createAnswerSize(most = maxAnswerBytes) {
  let bytes = 0
  return {
    isTooLarge: (): boolean => bytes > most,
    /** @throws PAYLOAD_TOO_LARGE as soon as the answer exceeds the limit */
    add(more: number): void {
      bytes += more
      if (bytes > most) throw tooLarge(most)
    },
    /** Starts over. Each answer of a subscription has the full limit. */
    begin(): void {
      bytes = 0
    },
  }
}

export const tooLarge = (most = maxAnswerBytes, remedy = 'Ask for fewer items (first), or leave out large fields'): AppError =>
  new AppError('PAYLOAD_TOO_LARGE', `The answer would be larger than ${most / (1024 * 1024)} MiB. ${remedy}`)

/**
 * Makes every field of the schema count what it adds to the answer, so that no query can exceed the limit. The counter is in each
 * request's context.
 */
export function countAnswers(schema: GraphQLSchema): GraphQLSchema {
  const subscription = schema.getSubscriptionType()
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) countField(field, type === subscription)
  }
  return schema
}

type Field = GraphQLField<unknown, { answer: AnswerSize }>

function countField(field: Field, isRootOfSubscription: boolean): void {
  const resolve = field.resolve ?? defaultFieldResolver
  const weigh = isLeafType(getNamedType(field.type)) ? weightOfValue : weightOfObjects
  const instead = insteadOf(field)
  field.resolve = (source, args, context, info) => {
    if (isRootOfSubscription) context.answer.begin()
    // Once the answer is too large, skip every field that the schema allows to be empty.
    if (instead !== undefined && context.answer.isTooLarge()) return instead
    const value = resolve(source, args, context, info)
    const count = (known: unknown): unknown => {
      context.answer.add(weigh(known, info))
      return known
    }
    return value instanceof Promise ? value.then(count) : count(value)
  }
}

function insteadOf({ type }: Field): null | [] | undefined {
  if (!isNonNullType(type)) return null
  return isListType(getNullableType(type)) ? [] : undefined
}

const weightOfValue = (value: unknown, info: GraphQLResolveInfo): number => String(info.path.key).length + bytesOf(value)

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return bytesPerValue + (value.length < 64 ? value.length : Buffer.byteLength(value))
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + bytesOf(item), bytesPerValue)
  return bytesPerValue
}

function weightOfObjects(value: unknown, info: GraphQLResolveInfo): number {
  const count = Array.isArray(value) ? value.length : 1
  return String(info.path.key).length + bytesPerValue + count * (bytesPerValue + bytesOfTypenames(info))
}

const typenamesKnown = new WeakMap<SelectionSetNode, number>()

/** `__typename` has no resolver, so it is counted with its object. */
function bytesOfTypenames({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  const count = (selections: SelectionSetNode | undefined): number => {
    if (!selections) return 0
    const known = typenamesKnown.get(selections)
    if (known !== undefined) return known
    let bytes = 0
    for (const selection of selections.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) bytes += count(selection.selectionSet)
      else if (selection.kind === Kind.FRAGMENT_SPREAD) bytes += count(fragments[selection.name.value]?.selectionSet)
      else if (selection.name.value === '__typename') bytes += bytesPerValue + (selection.alias ?? selection.name).value.length
    }
    typenamesKnown.set(selections, bytes)
    return bytes
  }
  return fieldNodes.reduce((sum, { selectionSet }) => sum + count(selectionSet), 0)
}
