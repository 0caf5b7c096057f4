import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { startBrowser, withoutLosses } from '../helpers/browser.ts'
import { register, secondaryOf } from '../helpers/cluster.ts'
import { badge, go, rowOf } from '../helpers/dashboard.ts'
import { nodeProcess } from '../helpers/node-process.ts'

/** Chromium's messages when the primary is killed. A primary that listens again but is not ready answers 503. */
const ofTheCut =
  /WebSocket connection|net::ERR_(CONTENT_LENGTH_MISMATCH|CONNECTION_(REFUSED|RESET|CLOSED|ABORTED)|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|SOCKET_NOT_CONNECTED)|\b503\b/

test.serial('a lost connection is shown and comes back without a reload', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker')
  const [browser] = await Promise.all([startBrowser(t), primary.start(), worker.start()])
  const { page, troubles, loads } = await browser.open(primary)
  await badge(rowOf(page, 'primary'), 'Online').waitFor()

  await primary.kill()
  const banner = page.getByRole('status').filter({ hasText: 'Connection lost' })
  await banner.waitFor()
  t.true(await rowOf(page, 'primary').isVisible(), 'the page keeps the last data')
  await primary.start()
  await banner.waitFor({ state: 'detached' })

  // Live again: new events arrive by themselves, on this page and on one that was not open before.
  await register(primary, worker)
  await badge(rowOf(page, 'worker'), 'Online').waitFor()
  await go(page, 'Monitoring')
  await badge(page.getByRole('region', { name: 'worker' }), 'Live').waitFor()
  t.is(loads(), 0)
  t.deepEqual(
    troubles.splice(0).filter((trouble) => !ofTheCut.test(trouble)),
    [],
  )
})

test.serial('a query that the network loses is repeated, and a lost change is reported instead', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary', CLOUDFLARE_ACCOUNT_ID: 'f'.repeat(32) })
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const { page, troubles, loads } = await browser.open(primary)
  await badge(rowOf(page, 'primary'), 'Online').waitFor()
  const lost: string[] = []
  await page.route('**/graphql', async (route) => {
    const { query } = route.request().postDataJSON() as { query: string }
    const kind = query.split(' ', 1)[0] ?? ''
    if (lost.includes(kind)) return route.continue()
    lost.push(kind)
    return route.abort('internetdisconnected')
  })

  await go(page, 'Apps')
  await page.getByText('No apps yet').waitFor()
  t.deepEqual(lost, ['query'])

  await go(page, 'Settings')
  await page.getByLabel('Account ID').fill('0123456789abcdef0123456789abcdef')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('region', { name: 'Cloudflare' }).getByRole('alert').waitFor()
  t.deepEqual(lost, ['query', 'mutation'])
  await page.unroute('**/graphql')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Settings saved', { exact: true }).waitFor()
  t.is(loads(), 0)
  t.deepEqual(withoutLosses(troubles), [])
})

test.serial('a page whose code cannot be loaded reloads the dashboard, or says that it cannot be loaded', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const { page, troubles, loads, visit } = await browser.open(primary)
  await badge(rowOf(page, 'primary'), 'Online').waitFor()
  // Pages are loaded ahead, unless somebody pays for data.
  await page.addInitScript("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
  await visit()
  await badge(rowOf(page, 'primary'), 'Online').waitFor()
  // What was typed a moment ago gets into the address, which must not call off a page that is still loading.
  await go(page, 'Audit log')
  // As long as the dashboard's own timer for that, and set after it, so it ends after it.
  const typedIsWritten = (): Promise<unknown> => page.evaluate('new Promise((resolve) => setTimeout(resolve, 300))')
  await page.route('**/assets/Users-*', (route) => typedIsWritten().then(() => route.continue()))
  await page.getByRole('searchbox', { name: 'Search the audit log' }).fill('primary')
  await go(page, 'Users')
  await page.unroute('**/assets/Users-*')
  await go(page, 'Nodes')
  await badge(rowOf(page, 'primary'), 'Online').waitFor()
  // Until the dashboard loads again: one import may ask for its file twice, since Vite preloads it.
  let reloads = false
  page.on('request', (request) => (reloads ||= request.isNavigationRequest()))
  await page.route('**/assets/Apps-*', (route) => (reloads ? route.continue() : route.abort('internetdisconnected')))

  await go(page, 'Apps')
  await page.getByText('No apps yet').waitFor()
  t.is(loads(), 1)

  await page.route('**/assets/Monitoring-*', (route) => route.abort('internetdisconnected'))
  await page.getByRole('link', { name: 'Monitoring' }).click()
  await page.getByText('The page could not be loaded', { exact: true }).waitFor()
  t.is(loads(), 2, 'it reloads only one time')
  await page.unroute('**/assets/Monitoring-*')
  await page.route('**/assets/SeriesChart-*', (route) => route.abort('internetdisconnected'))
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('heading', { name: 'Monitoring', level: 1 }).waitFor()
  await page.getByText('This part of the page could not be loaded', { exact: true }).waitFor()
  await page.unroute('**/assets/SeriesChart-*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('img', { name: 'CPU and memory of primary' }).waitFor()
  t.is(loads(), 4)

  await primary.kill()
  await page.getByRole('status').filter({ hasText: 'Connection lost' }).waitFor()
  await page.getByRole('link', { name: 'Users' }).click()
  await page.getByText('Open it again when the connection is back', { exact: false }).first().waitFor()
  await page.getByRole('heading', { name: 'Monitoring', level: 1 }).waitFor()
  t.is(loads(), 4, 'the current page stays')
  await page.close()
  t.deepEqual(
    withoutLosses(troubles).filter((trouble) => !ofTheCut.test(trouble)),
    [],
  )
})

test.serial('a chosen theme is kept, and an unknown URL has its own page', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t)
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const { page, visit } = await browser.open(primary, '/nowhere/at-all', { colorScheme: 'light' })

  await page.getByRole('heading', { name: 'This page does not exist' }).waitFor()
  await page.getByText('There is nothing at /nowhere/at-all.').waitFor()
  t.is(await page.title(), 'Page not found · Selfhostly')
  await page.getByRole('link', { name: 'Go to Overview' }).click()
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()

  await looksLike(t, page, 'light', 'System')
  await page.getByRole('button', { name: 'Dark theme' }).click()
  await looksLike(t, page, 'dark', 'Dark')
  await visit()
  await looksLike(t, page, 'dark', 'Dark')
  await page.getByRole('button', { name: 'System theme' }).click()
  await looksLike(t, page, 'light', 'System')
  await page.emulateMedia({ colorScheme: 'dark' })
  await looksLike(t, page, 'dark', 'System')
})

async function looksLike(t: ExecutionContext, page: Page, theme: 'light' | 'dark', choice: string): Promise<void> {
  await page.locator(`html.${theme}`).waitFor({ state: 'attached' })
  await page.getByRole('button', { name: `${choice} theme`, pressed: true }).waitFor()
  const background = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
  t.is(background === 'rgb(255, 255, 255)', theme === 'light', `the page is ${theme}, not ${background}`)
}
