import { once } from 'node:events'
import { createServer } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { browserSecretHeader } from '../../api/http/browser-secret.ts'
import { startBrowser } from '../helpers/browser.ts'
import { cookieBrowser } from '../helpers/cookie-browser.ts'
import { fakeGithub } from '../helpers/fake-github.ts'
import { freePort } from '../helpers/free-port.ts'
import { boundSession, peopleSettings, sessionOf, signIn } from '../helpers/people.ts'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { listen } from '../helpers/sign-in-app.ts'
import { openWebSocket } from '../helpers/websocket.ts'

async function githubNode(t: ExecutionContext): Promise<{ node: RunningNode; url: string }> {
  const url = `http://127.0.0.1:${await freePort()}`
  const github = await fakeGithub(t, url)
  const node = await runningNode(t, {
    ...{ SERVER_ADDRESS: new URL(url).host, AUTH_ENABLED: 'true', AUTH_BASE_URL: url, JWT_SECRET: 's'.repeat(32) },
    ...{ GITHUB_CLIENT_ID: github.config.clientId, GITHUB_CLIENT_SECRET: github.config.clientSecret },
    ...{ GITHUB_ALLOWED_USERS: 'octocat', GITHUB_BASE_URL: github.url },
  })
  return { node, url }
}

const closeOf = async (node: RunningNode, cookie: string, payload: object): Promise<number | 'open'> => {
  const socket = await openWebSocket(node, { cookie })
  const first = Promise.race([once(socket, 'close').then(([code]) => Number(code)), once(socket, 'message').then(() => 'open' as const)])
  socket.send(JSON.stringify({ type: 'connection_init', payload }))
  const outcome = await first
  socket.terminate()
  return outcome
}

test("a session is valid only with its browser's secret, over HTTP and WebSocket, whoever has the cookie", async (t) => {
  const node = await runningNode(t, peopleSettings)
  const { cookie, ...secret } = await boundSession(node, await signIn(node, 'admin'))
  const other = { [browserSecretHeader]: 'y'.repeat(43) }
  t.is((await node.send('/api/nodes', { headers: { cookie, ...secret } })).status, 200)
  for (const headers of [{}, other, { [browserSecretHeader]: '' }, { [browserSecretHeader]: cookie }]) {
    const { status, json } = await node.send('/api/nodes', { headers: { cookie, ...headers } })
    t.is(status, 401)
    t.regex(json.detail, /is bound to a browser/)
    t.is(
      (await node.send('/graphql', { method: 'POST', json: { query: '{ viewer { name } }' }, headers: { cookie, ...headers } })).status,
      401,
    )
    t.is((await node.send('/api/audit.jsonl', { headers: { cookie, ...headers, accept: 'text/html' } })).status, 401)
  }
  const browser = secret[browserSecretHeader]
  t.is(await closeOf(node, cookie, { browser }), 'open')
  t.is(await closeOf(node, cookie, {}), 4401)
  t.is(await closeOf(node, cookie, { browser: 'y'.repeat(43) }), 4401)
})

test('pages that a browser loads by URL need only the cookie: GraphiQL and the OpenAPI document', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const { cookie } = await boundSession(node, await signIn(node, 'viewer'))
  const page = { cookie, accept: 'text/html' }
  t.regex((await node.send('/graphql', { headers: page })).text, /GraphiQL/)
  t.regex((await node.send('/graphql?query={viewer{name}}', { headers: page })).text, /^\s*<!doctype html>/)
  t.is((await node.send('/graphql?query={viewer{name}}', { headers: { cookie, accept: 'application/json' } })).status, 401)
  t.is((await node.send('/api/openapi.json', { headers: { cookie } })).status, 200)
  t.is((await node.send('/graphql', { headers: { accept: 'text/html' } })).status, 401)
})

test('signing out needs only the cookie and ends the session', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const headers = await boundSession(node, await signIn(node, 'viewer'))
  t.is((await node.send('/auth/sign-out', { method: 'POST', headers: { cookie: headers.cookie } })).status, 204)
  t.is((await node.send('/api/nodes', { headers })).status, 401)
})

test('a program that signs in without a secret needs none later', async (t) => {
  const node = await runningNode(t, peopleSettings)
  t.is((await node.send('/api/nodes', { headers: await sessionOf(node, await signIn(node, 'viewer')) })).status, 200)
})

test('the code in the page URL finishes a provider sign-in, once and only in that browser', async (t) => {
  const { url } = await githubNode(t)
  const browser = cookieBrowser()
  const { url: page } = await browser.go(`${url}/auth/github?return_to=/apps`, ({ pathname }) => pathname === '/sign-in')
  t.is(page.search, '?return_to=%2Fapps')
  t.false(browser.cookies(url).has('selfhostly_session'), 'a cookie that came by itself would be bound to nothing')
  const code = page.hash.replace('#finish=', '')
  const finish = (who: typeof browser, given = code) =>
    who.visit(`${url}/auth/finish`, { method: 'POST', headers: { origin: url }, json: { code: given } })
  t.is((await finish(cookieBrowser())).status, 400, 'the code without the cookie')
  t.is((await finish(browser, 'x'.repeat(43))).status, 400, 'the cookie without the code')
  const elsewhere = { method: 'POST', headers: { origin: 'https://evil.example' }, json: { code } }
  t.is((await browser.visit(`${url}/auth/finish`, elsewhere)).status, 403)
  const kept = browser.cookies(url).get('selfhostly_sign_in')
  t.is((await finish(browser)).status, 200)
  t.true(browser.cookies(url).has('selfhostly_session'))
  t.is((await browser.visit(`${url}/api/nodes`)).status, 200)
  if (kept) browser.cookies(url).set('selfhostly_sign_in', kept)
  t.is((await finish(browser)).status, 400, 'once')
})

test('in Chromium: an app on another port gets only the cookie, and the dashboard works after a reload, in another tab and in GraphiQL', async (t) => {
  const { node, url } = await githubNode(t)
  const cookies: string[] = []
  const app = await listen(
    t,
    createServer((request, response) => {
      cookies.push(request.headers.cookie ?? '')
      response.setHeader('content-type', 'text/html').end('<title>app</title><p id="storage"></p><link rel="icon" href="data:,">')
    }),
  )
  const { open } = await startBrowser(t)
  const { page, troubles } = await open({ url }, '/sign-in')
  await page.getByRole('link', { name: 'Sign in with GitHub' }).click()
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  t.false(page.url().includes('finish'))
  await page.reload()
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  await page.getByText(node.services.self.name).first().waitFor()
  const tab = await page.context().newPage()
  await tab.goto(`${url}/audit`)
  const download = tab.waitForEvent('download')
  await tab.getByRole('button', { name: 'Export as JSON lines' }).click()
  t.is((await download).suggestedFilename(), 'audit.jsonl')

  await tab.goto(app.url.replace('127.0.0.1', new URL(url).hostname))
  const stolen = /selfhostly_session=[^;]+/.exec(cookies.at(-1) ?? '')?.[0]
  t.truthy(stolen, 'cookies go to every port')
  t.is(await tab.evaluate(() => localStorage.length), 0)
  t.is((await node.send('/api/nodes', { headers: { cookie: stolen ?? '' } })).status, 401)

  await tab.goto(`${url}/graphql`)
  const asked = await tab.evaluate(async () => {
    const answer = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ viewer { name } }' }),
    })
    return answer.json() as Promise<{ data: { viewer: { name: string } } }>
  })
  t.is(asked.data.viewer.name, 'octocat')
  const live = await tab.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
        socket.onopen = () => socket.send(JSON.stringify({ type: 'connection_init', payload: {} }))
        socket.onmessage = ({ data }) => resolve(String(data))
        socket.onclose = ({ code }) => resolve(String(code))
      }),
  )
  t.regex(live, /connection_ack/)
  troubles.splice(0, troubles.length, ...troubles.filter((trouble) => !/answered 401|status of 401|github|another host/i.test(trouble)))
})
