import test from 'ava'
import { runningNode } from '../helpers/running-node.ts'

const mutation = 'mutation { signOutEverywhere }'

test("accepts queries as JSON and in no form that another site's page can send", async (t) => {
  const node = await runningNode(t)
  const form = `--b\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query: mutation })}\r\n--b\r\ncontent-disposition: form-data; name="map"\r\n\r\n{}\r\n--b--\r\n`
  const shapes: [string | undefined, string][] = [
    ['multipart/form-data; boundary=b', form],
    ['application/x-www-form-urlencoded', `query=${encodeURIComponent(mutation)}`],
    ['text/plain', JSON.stringify({ query: mutation })],
    ['application/graphql', mutation],
    [undefined, JSON.stringify({ query: mutation })],
  ]
  for (const [type, body] of shapes) {
    const { status, json } = await node.send('/graphql', { method: 'POST', body, headers: type ? { 'content-type': type } : {} })
    t.is(status, 415, type ?? 'no type')
    t.is(json.detail, 'Send the query as application/json')
  }
  const asJson = await node.send('/graphql', { method: 'POST', json: { query: '{ viewer { name } }' } })
  t.truthy(asJson.json.data.viewer.name)
})
