import { createHash } from 'node:crypto'
import type { renderGraphiQL } from '@graphql-yoga/render-graphiql'

const scriptStart = '<script>'

/** GraphiQL from our own files, and a policy under which its one script, and nothing else, runs and talks to this server alone. */
export function createGraphiqlPage() {
  let scriptHash = ''
  return {
    async render(...[options]: Parameters<typeof renderGraphiQL>): Promise<string> {
      // 9 MB of script that most nodes never show: read when somebody asks for it.
      const graphiql = await import('@graphql-yoga/render-graphiql')
      const html = graphiql.renderGraphiQL(options)
      const script = html.slice(html.indexOf(scriptStart) + scriptStart.length, html.lastIndexOf('</script>'))
      scriptHash = createHash('sha256').update(script).digest('base64')
      return html
    },

    /** Monaco, its editor, starts workers from blobs and sets styles at run time. */
    policy: (): string =>
      [
        "default-src 'none'",
        `script-src 'sha256-${scriptHash}' blob:`,
        'worker-src blob:',
        "style-src 'unsafe-inline'",
        "img-src 'self' data:",
        'font-src data:',
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
  }
}
