import ts from 'typescript'
import { parse } from 'vue/compiler-sfc'

export interface Import {
  /** As written: `../errors.ts`, `node:fs`, `undici`. */
  specifier: string
  line: number
}

/**
 * What a file loads at run time: value imports, re-exports, dynamic imports and side-effect imports.
 * `import type` does not count. `import { type X }` does, because Node still loads the module.
 *
 * @param types count what is imported only as a type too
 */
export function importsOf(file: string, text: string, { types = false } = {}): Import[] {
  const { tree, firstLine } = parsed(file, text)
  const found: Import[] = []
  const add = (literal: ts.Expression | undefined, at: ts.Node): void => {
    if (!literal || !ts.isStringLiteralLike(literal)) return
    found.push({ specifier: literal.text, line: firstLine + tree.getLineAndCharacterOfPosition(at.getStart()).line })
  }
  const visit = (node: ts.Node): void => {
    const isType = ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    if (ts.isImportDeclaration(node) && (types || !isType)) add(node.moduleSpecifier, node)
    if (ts.isExportDeclaration(node) && (types || !node.isTypeOnly)) add(node.moduleSpecifier, node)
    if (types && ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, node)
    if (ts.isCallExpression(node) && isLoad(node.expression)) add(node.arguments[0], node)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

/** Lines that use a name or dotted path, such as `process.env` or `setTimeout`, outside of strings and comments. */
export function usesOf(file: string, text: string, path: string): number[] {
  // Searching the text first is much faster than parsing.
  if (!text.includes(path.split('.').at(-1) ?? path)) return []
  const { tree, firstLine } = parsed(file, text)
  const lines: number[] = []
  const visit = (node: ts.Node): void => {
    const isWhole = (ts.isIdentifier(node) || ts.isPropertyAccessExpression(node)) && node.getText(tree) === path
    if (isWhole) lines.push(firstLine + tree.getLineAndCharacterOfPosition(node.getStart()).line)
    else ts.forEachChild(node, visit)
  }
  visit(tree)
  return lines
}

/** The texts of a file: its strings and the fixed parts of its templates, not its comments. */
export function textsOf(file: string, text: string): { text: string; line: number }[] {
  const { tree, firstLine } = parsed(file, text)
  const found: { text: string; line: number }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      found.push({ text: node.text, line: firstLine + tree.getLineAndCharacterOfPosition(node.getStart(tree)).line })
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

const isLoad = (callee: ts.Expression): boolean =>
  callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')

interface Parsed {
  tree: ts.SourceFile
  /** Line where a component's script starts. */
  firstLine: number
}

const known = new Map<string, Parsed>()

/** Parses each text once, however many rules use it. */
function parsed(file: string, text: string): Parsed {
  const before = known.get(text)
  if (before) return before
  const { source, firstLine } = scriptOf(file, text)
  const tree = ts.createSourceFile(file.replace(/\.vue$/, '.ts'), source, ts.ScriptTarget.Latest, true)
  known.set(text, { tree, firstLine })
  return { tree, firstLine }
}

function scriptOf(file: string, text: string): { source: string; firstLine: number } {
  if (!file.endsWith('.vue')) return { source: text, firstLine: 1 }
  const { descriptor } = parse(text)
  const script = descriptor.scriptSetup ?? descriptor.script
  return { source: script?.content ?? '', firstLine: script?.loc.start.line ?? 1 }
}
