import test, { type ExecutionContext } from 'ava'
import type { Locator, Page, Route } from 'playwright-core'
import { startBrowser, type Tab } from '../helpers/browser.ts'
import { change, createApp, followToEnd } from '../helpers/cluster.ts'
import { badge, rowOf } from '../helpers/dashboard.ts'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { faultProxy, localWays } from '../helpers/fault-proxy.ts'
import { freePort } from '../helpers/free-port.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { until } from '../helpers/until.ts'

/** The dashboard pings every 10 s and waits 5 s; the rest is for busy machines. */
const noticedWithinMs = 25_000

const banner = (page: Page): Locator => page.getByRole('status').filter({ hasText: 'Connection lost. Trying again' })

/** Registers a node that does not exist. @returns its id */
async function registerNobody(primary: NodeProcess, name: string): Promise<string> {
  const input = { id: crypto.randomUUID(), name, apiEndpoint: `http://127.0.0.1:${await freePort()}`, apiKey: 'a-key-that-nobody-has' }
  await ask(primary, 'mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id } }', { input })
  return input.id
}

const removeNode = (primary: NodeProcess, id: string) => ask(primary, 'mutation ($id: ID!) { removeNode(id: $id) }', { id })

/** An app without containers, because its image does not exist. */
async function failingApp(t: ExecutionContext, primary: NodeProcess) {
  const { id } = await primary.identity()
  const composeContent = 'services:\n  web:\n    image: localhost:1/absent:1\n'
  const { app, operation } = await createApp(primary, id, { name: uniqueName(), composeContent })
  await followToEnd(t, primary, operation)
  return app
}

/** Requests are lost on purpose here, so Chromium's complaints do not count. */
const forgetTroubles = (tabs: Tab[]): void => tabs.forEach(({ troubles }) => void troubles.splice(0))

test.serial('after an outage, a clean stop and a dead connection the page is live again, without what was removed', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), primary.start()])
  const way = await faultProxy(t, localWays(primary.port))
  const door = { url: `http://127.0.0.1:${way.port}`, link: primary.link }
  const [lost, app] = await Promise.all([registerNobody(primary, 'lost'), failingApp(t, primary)])
  const tabs = [await browser.open(door, '/nodes'), await browser.open(door, '/apps')]
  const [nodes, apps] = tabs.map(({ page }) => page) as [Page, Page]
  const both = (act: (page: Page) => Promise<void>) => Promise.all([act(nodes), act(apps)])
  await rowOf(nodes, 'lost').waitFor()
  await rowOf(apps, app.name).waitFor()

  way.refuse()
  await both((page) => banner(page).waitFor())
  await removeNode(primary, lost)
  await followToEnd(t, primary, await change(primary, 'removeApp', app.id))
  t.is(await rowOf(nodes, 'lost').count(), 1, 'what was known stays')
  t.is(await rowOf(apps, app.name).count(), 1)
  await way.heal()
  await both((page) => banner(page).waitFor({ state: 'detached' }))
  await rowOf(nodes, 'lost').waitFor({ state: 'detached' })
  await rowOf(apps, app.name).waitFor({ state: 'detached' })

  t.is((await primary.stop()).code, 0)
  await both((page) => banner(page).waitFor())
  await badge(rowOf(nodes, 'primary'), 'Online').waitFor()
  await primary.start()
  await both((page) => banner(page).waitFor({ state: 'detached' }))
  await registerNobody(primary, 'after-the-stop')
  await rowOf(nodes, 'after-the-stop').waitFor()

  // Nobody closes the connection.
  way.halfOpen()
  await both((page) => banner(page).waitFor({ timeout: noticedWithinMs }))
  await way.heal()
  await both((page) => banner(page).waitFor({ state: 'detached' }))
  await registerNobody(primary, 'after-the-silence')
  await rowOf(nodes, 'after-the-silence').waitFor()
  t.deepEqual(
    tabs.map(({ loads }) => loads()),
    [0, 0],
  )

  const complete = await createCompleter(nodes)
  await tabs[0]?.visit()
  await complete('nodeStatusChanged')
  await registerNobody(primary, 'after-the-completion')
  await rowOf(nodes, 'after-the-completion').waitFor()
  forgetTroubles(tabs)
})

test.serial('a button is free again after a refusal, a lost request and one that is never answered', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const app = await failingApp(t, primary)
  await registerNobody(primary, 'nobody')
  const { stdout: viewer } = await primary.command('token', ['--name', 'viewer', '--scope', 'read'])
  const tab = await browser.open(primary, '/nodes')
  const { page } = tab
  const next = await createFates(page, `${primary.url}/graphql`, viewer.trim())
  const says = (words: string | RegExp): Promise<void> => page.getByText(words).first().waitFor()
  /** Refused by the server, then lost by the network. A button that stayed busy would not take the second click. */
  const inVain = async (button: Locator): Promise<void> => {
    await next('forbid', () => button.click())
    await says(/This needs a token with the scope .*This one has read/)
    await next('lose', () => button.click())
    await says('The server did not answer. Is it running?')
  }

  const check = rowOf(page, 'primary').getByRole('button', { name: 'Check now: primary' })
  await inVain(check)
  await check.click()
  await says(/primary answered in \d+ ms/)

  await rowOf(page, 'nobody').getByRole('button', { name: 'More actions for nobody' }).click()
  await page.getByRole('menuitem', { name: 'Remove' }).click()
  const dialog = page.getByRole('dialog', { name: 'Remove nobody?' })
  const remove = dialog.getByRole('button', { name: 'Remove node' })
  await inVain(remove)
  await remove.click()
  await rowOf(page, 'nobody').waitFor({ state: 'detached' })

  await tab.visit(`${primary.url}/apps`)
  const start = rowOf(page, app.name).getByRole('button', { name: `Start ${app.name}`, exact: true })
  await inVain(start)

  // The page's clock moves instead of ours.
  await page.clock.install()
  await next('swallow', () => start.click())
  t.true(await start.isDisabled(), 'nobody starts it twice')
  await page.clock.fastForward(30_000)
  await start.click({ timeout: 20_000 })
  await says(`Start ${app.name}`)
  forgetTroubles([tab])
})

/** From its next load on, a page's subscriptions can be completed as a server completes them. */
async function createCompleter(page: Page) {
  const completions = new Map<string, () => void>()
  await page.routeWebSocket('**/graphql', (socket) => {
    const server = socket.connectToServer()
    socket.onMessage((message) => {
      const { type, id, payload } = JSON.parse(String(message)) as { type: string; id: string; payload?: { query: string } }
      const field = /{\s*(\w+)/.exec(payload?.query ?? '')?.[1] ?? ''
      if (type === 'subscribe') completions.set(field, () => socket.send(JSON.stringify({ type: 'complete', id })))
      server.send(message)
    })
  })
  return async (field: string): Promise<void> => {
    await until(() => completions.has(field))
    completions.get(field)?.()
  }
}

type Fate = 'forbid' | 'lose' | 'swallow'

/** Decides what happens to the next mutation, which `act` sends. */
async function createFates(page: Page, url: string, viewersToken: string) {
  const fates: Record<Fate, (route: Route) => Promise<void>> = {
    /** The server's own answer to a caller without permission. */
    async forbid(route) {
      const headers = { authorization: `Bearer ${viewersToken}`, 'content-type': 'application/json', accept: 'application/json' }
      const answer = await fetch(url, { method: 'POST', headers, body: route.request().postData() })
      await route.fulfill({ status: answer.status, contentType: 'application/json', body: await answer.text() })
    },
    lose: (route) => route.abort('internetdisconnected'),
    swallow: () => Promise.resolve(),
  }
  let next: { fate: Fate; met: () => void } | undefined
  await page.route('**/graphql', async (route) => {
    const { query } = route.request().postDataJSON() as { query: string }
    if (!next || !query.startsWith('mutation')) return route.continue()
    const { fate, met } = next
    next = undefined
    await fates[fate](route)
    met()
  })
  return async (fate: Fate, act: () => Promise<void>): Promise<void> => {
    const { promise, resolve: met } = Promise.withResolvers<void>()
    next = { fate, met }
    await act()
    await promise
  }
}
