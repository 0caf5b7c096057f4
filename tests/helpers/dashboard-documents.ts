import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kind, parse, print, type FragmentDefinitionNode, type OperationDefinitionNode } from 'graphql'

/** Every document of the dashboard, with its fragments. */
export function dashboardDocuments(): { name: string; operation: OperationDefinitionNode; text: string }[] {
  const folder = join(import.meta.dirname, '../../frontend/src/graphql/documents')
  const definitions = globSync('*.ts', { cwd: folder }).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/graphql\(`([^`]*)`\)/g)].flatMap(([, text = '']) => parse(text).definitions),
  )
  const fragments = new Map(
    definitions
      .filter((each): each is FragmentDefinitionNode => each.kind === Kind.FRAGMENT_DEFINITION)
      .map((each) => [each.name.value, print(each)]),
  )
  const withFragments = (text: string, seen = new Set<string>()): string => {
    for (const [, name = ''] of text.matchAll(/\.\.\.(\w+)/g)) {
      if (seen.has(name)) continue
      seen.add(name)
      withFragments(fragments.get(name) ?? '', seen)
    }
    return [text, ...[...seen].map((name) => fragments.get(name) ?? '')].join('\n')
  }
  return definitions
    .filter((each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION)
    .map((operation) => ({ name: operation.name?.value ?? '', operation, text: withFragments(print(operation)) }))
}
