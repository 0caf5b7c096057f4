import {
  getNamedType,
  GraphQLError,
  isLeafType,
  isObjectType,
  Kind,
  type ASTVisitor,
  type FieldNode,
  type GraphQLObjectType,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql'

/**
 * Refuses queries that go in a circle: the apps of the node of the apps of a node. One round is useful ("the other apps on this
 * app's node"). Each further round multiplies the answer and adds nothing.
 *
 * Visits each part of the document once, however often it is spread.
 */
export function noCycles(context: ValidationContext): ASTVisitor {
  const below = new Map<SelectionSetNode, Set<string>>()
  const told = new Set<string>()

  function fieldsBelow(type: GraphQLObjectType, selections: SelectionSetNode): Set<string> {
    const known = below.get(selections)
    if (known) return known
    const found = new Set<string>()
    // Set before recursing, for fragments that spread themselves. Another rule refuses those.
    below.set(selections, found)
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) addAll(found, fieldsOf(type, selection))
      else {
        const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? context.getFragment(selection.name.value) : selection
        const name = fragment?.typeCondition?.name.value
        const on = name === undefined ? type : context.getSchema().getType(name)
        if (fragment && isObjectType(on)) addAll(found, fieldsBelow(on, fragment.selectionSet))
      }
    }
    return found
  }

  /** The field itself and the fields below it that lead to objects. */
  function fieldsOf(type: GraphQLObjectType, node: FieldNode): Set<string> {
    const field = type.getFields()[node.name.value]
    const to = field && getNamedType(field.type)
    if (!field || !node.selectionSet || isLeafType(to) || !isObjectType(to) || to.name.startsWith('__')) return new Set()
    const name = `${type.name}.${field.name}`
    const found = new Set(fieldsBelow(to, node.selectionSet))
    if (found.has(name) && !told.has(name)) {
      told.add(name)
      context.reportError(
        new GraphQLError(`query: ${name} is nested inside itself. Use a separate query for the inner one`, {
          nodes: node,
          extensions: { code: 'INVALID_INPUT' },
        }),
      )
    }
    return found.add(name)
  }

  return {
    OperationDefinition(node) {
      const type = context.getSchema().getRootType(node.operation)
      if (type) fieldsBelow(type, node.selectionSet)
    },
  }
}

function addAll<T>(target: Set<T>, more: Iterable<T>): void {
  for (const item of more) target.add(item)
}
