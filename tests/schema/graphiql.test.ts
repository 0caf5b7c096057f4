import { createHash } from 'node:crypto'
import test from 'ava'
import { runningNode } from '../helpers/running-node.ts'

const page = { headers: { accept: 'text/html' } }

test('GraphiQL is one page of our own files and loads nothing from another host', async (t) => {
  const { status, text, headers } = await (await runningNode(t)).send('/graphql', page)
  t.is(status, 200)
  t.regex(String(headers['content-type']), /^text\/html/)
  t.regex(text, /<title>Selfhostly GraphQL<\/title>/)

  const inlined = /<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g
  const markup = text.replace(inlined, '')
  t.deepEqual(
    [...text.matchAll(inlined)].map(([, tag]) => tag),
    ['style', 'script'],
  )
  t.notRegex(markup, /<(script|style)/)
  const loaded = [...markup.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, target]) => target ?? '')
  t.deepEqual(
    loaded.filter((target) => !target.startsWith('data:')),
    [],
  )
  const styles = [...text.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style>/g)].map(([, style]) => style).join('\n')
  t.notRegex(styles, /@import/)
  t.deepEqual(
    [...styles.matchAll(/url\(\s*["']?([^)"']{0,40})/g)].map(([, target]) => target).filter((target) => !target?.startsWith('data:')),
    [],
  )
})

test('the GraphiQL policy runs only its own script and fetches and frames nothing from elsewhere', async (t) => {
  const { text, headers } = await (await runningNode(t)).send('/graphql', page)
  const policy = Object.fromEntries(
    String(headers['content-security-policy'])
      .split('; ')
      .map((directive) => [directive.split(' ')[0], directive.split(' ').slice(1).join(' ')]),
  )
  const script = text.slice(text.indexOf('<script>') + '<script>'.length, text.lastIndexOf('</script>'))
  t.is(policy['script-src'], `'sha256-${createHash('sha256').update(script).digest('base64')}' blob:`)
  t.like(policy, { 'default-src': "'none'", 'connect-src': "'self'", 'frame-ancestors': "'none'", 'base-uri': "'none'" })
  t.notRegex(Object.values(policy).join(' '), /https?:|\*|unsafe-eval/)
})

test('GraphiQL calls this server, with subscriptions over WebSocket', async (t) => {
  const { text } = await (await runningNode(t)).send('/graphql', page)
  const options = text.slice(text.lastIndexOf('renderYogaGraphiQL('))
  t.regex(options, /"subscriptionsProtocol":"WS"/)
  t.regex(options, /"credentials":"same-origin"/)
  t.regex(options, /nodeStatusChanged/, 'the first thing to try is live')
  t.notRegex(options, /"endpoint":"http/)
})

test('refuses subscriptions over HTTP, however they are written', async (t) => {
  const node = await runningNode(t)
  const before = node.services.events.listenerCount('node')
  const bodies = [
    { query: 'subscription { nodeStatusChanged { id } }' },
    { query: '# a comment first\nsubscription { nodeStatusChanged { id } }' },
    { query: 'fragment F on Node { id } subscription { nodeStatusChanged { ...F } }' },
    { query: 'query A { __typename } subscription B { nodeStatusChanged { id } }', operationName: 'B' },
  ]
  for (const accept of ['text/event-stream', 'application/json', 'multipart/mixed', '*/*']) {
    for (const json of bodies) {
      const { status, text } = await node.send('/graphql', { method: 'POST', json, headers: { accept } })
      t.true(status === 406 || text.includes('WebSocket'), `${accept} ${json.query}: ${status} ${text}`)
    }
    const { status, text } = await node.send('/graphql?query=subscription{nodeStatusChanged{id}}', { headers: { accept } })
    t.true(status === 405 || status === 406 || text.includes('WebSocket'), `GET ${accept}: ${status} ${text}`)
  }
  t.is(node.services.events.listenerCount('node'), before)
})
