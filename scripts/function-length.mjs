/**
 * An ESLint rule. A function has at most `own` lines that belong to no function inside it, and at most `all` lines with those,
 * which is the limit for factories. Blank lines and comments do not count.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const functionLength = {
  meta: {
    type: 'suggestion',
    schema: [{ type: 'object', properties: { own: { type: 'number' }, all: { type: 'number' } }, additionalProperties: false }],
    messages: {
      own: 'This function has {{count}} lines of its own; at most {{most}}.',
      all: 'This function has {{count}} lines; at most {{most}}.',
    },
  },
  create(context) {
    const [most] = context.options
    const code = context.sourceCode
    const withCode = new Set(code.ast.tokens.flatMap(({ loc }) => range(loc)))
    const open = []

    const enter = () => open.push(new Set())
    const leave = (node) => {
      const inner = open.pop()
      const lines = range(node.loc).filter((line) => withCode.has(line))
      for (const line of lines) open.at(-1)?.add(line)
      const counts = { own: lines.filter((line) => !inner.has(line)).length, all: lines.length }
      for (const [messageId, count] of Object.entries(counts))
        if (count > most[messageId]) context.report({ loc: node.loc.start, messageId, data: { count, most: most[messageId] } })
    }
    return { ':function': enter, ':function:exit': leave }
  },
}

const range = ({ start, end }) => Array.from({ length: end.line - start.line + 1 }, (_, index) => start.line + index)
