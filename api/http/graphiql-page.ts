import { createHash } from 'node:crypto'
import type { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import { browserSecretHeader } from './browser-secret.ts'

const scriptStart = '<script>'

/**
 * GraphiQL does not know the secret that the browser's session is bound to, so this script adds it to what GraphiQL sends. The page
 * can only connect to this server.
 */
const showSecret = `
  ;(() => {
    const browser = localStorage.getItem('selfhostly.browser')
    if (!browser) return
    const [plainFetch, plainSend] = [window.fetch, WebSocket.prototype.send]
    window.fetch = (input, init = {}) => {
      const headers = new Headers(init.headers)
      headers.set('${browserSecretHeader}', browser)
      return plainFetch(input, { ...init, headers })
    }
    WebSocket.prototype.send = function (data) {
      const message = typeof data === 'string' && data.includes('connection_init') ? JSON.parse(data) : null
      const isFirst = message?.type === 'connection_init'
      plainSend.call(this, isFirst ? JSON.stringify({ ...message, payload: { ...message.payload, browser } }) : data)
    }
  })()
`

/** GraphiQL from our own files, with a policy that runs only its own script and only connects to this server. */
export function createGraphiqlPage() {
  let scriptHash = ''
  return {
    async render(...[options]: Parameters<typeof renderGraphiQL>): Promise<string> {
      // 9 MB of script that most nodes never show, so it is loaded on first use.
      const graphiql = await import('@graphql-yoga/render-graphiql')
      const html = graphiql.renderGraphiQL(options).replace(scriptStart, () => scriptStart + showSecret)
      const script = html.slice(html.indexOf(scriptStart) + scriptStart.length, html.lastIndexOf('</script>'))
      scriptHash = createHash('sha256').update(script).digest('base64')
      return html
    },

    /** The Monaco editor starts workers from blobs and sets styles at run time. */
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
