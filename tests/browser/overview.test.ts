import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { systemClock } from '../../api/clock.ts'
import { startBrowser, type Tab } from '../helpers/browser.ts'
import { badge, rowOf } from '../helpers/dashboard.ts'
import { fillCluster } from '../helpers/realistic-cluster.ts'
import { runningNode } from '../helpers/running-node.ts'

const phone = { width: 390, height: 844 }

/** Five nodes, one of which is away, and twenty apps, in a new window. */
async function cluster(t: ExecutionContext, path: string, options: Parameters<Awaited<ReturnType<typeof startBrowser>>['open']>[2] = {}) {
  const primary = await runningNode(t, { NODE_NAME: 'hub' })
  const { appIds } = await fillCluster(primary, { now: systemClock.now, advance: () => undefined })
  const tab = await (await startBrowser(t)).open(primary, path, { reducedMotion: 'reduce', ...options })
  return { primary, appIds, ...tab }
}

const names = (page: Page): Promise<string[]> =>
  page
    .getByRole('row')
    .getByRole('link', { name: /^[a-z-]+$/ })
    .and(page.locator('a[href^="/apps/"]'))
    .allTextContents()
const searchOf = (page: Page): string => new URL(page.url()).search

test.serial('the overview says what is there, what needs attention and what happened, and leads on', async (t) => {
  t.timeout(120_000)
  const { page, loads } = await cluster(t, '/')
  const apps = page.getByRole('region', { name: 'Apps' })
  await apps.getByRole('link', { name: '13 running' }).waitFor()
  const attention = page.getByRole('list', { name: 'What needs attention' }).getByRole('listitem')
  const gitea = attention.filter({ hasText: 'gitea' })
  await gitea.getByText('web: port 3001 is in use by another program').waitFor()
  t.is(await gitea.getByRole('button', { name: /^Retry/ }).count(), 1)
  t.is(
    await attention
      .filter({ hasText: 'wallabag should be running' })
      .getByRole('button', { name: /^Start/ })
      .count(),
    1,
  )
  t.is(await page.getByRole('list', { name: 'Usage by node' }).getByRole('listitem').count(), 5)
  await page.getByRole('list', { name: 'Recent activity, newest first' }).getByText('Update gitea').waitFor()

  await attention
    .filter({ hasText: 'oak is offline' })
    .getByRole('button', { name: /^Check now/ })
    .click()
  await page
    .getByText(/oak failed its health check/)
    .first()
    .waitFor()

  await apps.getByRole('link', { name: '1 error' }).click()
  await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor()
  t.is(searchOf(page), '?status=ERROR')
  t.deepEqual(await names(page), ['gitea'])
  await page.goBack()
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  t.is(loads(), 0)
})

test.serial('a new server says what to do next', async (t) => {
  t.timeout(120_000)
  const primary = await runningNode(t, { NODE_NAME: 'hub' })
  const { page, loads } = await (await startBrowser(t)).open(primary, '/')
  const steps = page.getByRole('region', { name: 'No apps yet' })
  await steps.getByRole('link', { name: 'New app' }).waitFor()
  await steps.getByRole('link', { name: 'Find projects' }).waitFor()
  await steps.getByRole('link', { name: 'Add node' }).click()
  await page.getByRole('dialog', { name: 'Add a node' }).waitFor()
  t.is(loads(), 0)
})

test.serial('the list of apps shows trouble first, and its URL keeps what was chosen', async (t) => {
  t.timeout(120_000)
  const { page, visit } = await cluster(t, '/apps')
  await rowOf(page, 'gitea').waitFor()
  t.deepEqual((await names(page)).slice(0, 3), ['gitea', 'nextcloud', 'wallabag'])

  await page.getByRole('button', { name: 'Sort by App' }).click()
  await page.waitForURL('**/apps?sort=name')
  await page.getByRole('button', { name: /^Newer images/ }).click()
  await page.waitForURL('**/apps?sort=name&has=updates')
  t.deepEqual(await names(page), ['audiobookshelf', 'immich', 'vaultwarden'])
  await visit()
  await rowOf(page, 'immich').waitFor()
  t.deepEqual(await names(page), ['audiobookshelf', 'immich', 'vaultwarden'])
  await page.goBack()
  await rowOf(page, 'gitea').waitFor()
  t.is(searchOf(page), '?sort=name')

  const search = page.getByRole('searchbox', { name: 'Search apps' })
  for (const [words, found] of [
    ['8123', 'home-assistant'],
    ['rack=b immich-app', 'immich'],
    ['louislam', 'uptime-kuma'],
    ['maple grafana', 'grafana'],
  ] as const) {
    await search.fill(words)
    await page.waitForURL((url) => url.searchParams.get('search') === words)
    t.deepEqual(await names(page), [found], words)
  }
})

test.serial('several apps at once, with what became of each', async (t) => {
  t.timeout(120_000)
  const { page } = await cluster(t, '/apps')
  await rowOf(page, 'minecraft').getByRole('checkbox', { name: 'Select minecraft' }).click()
  await rowOf(page, 'mealie').getByRole('checkbox', { name: 'Select mealie' }).click()
  await page.getByText('2 apps selected').waitFor()

  await page.getByRole('button', { name: 'Remove the selected apps' }).click()
  const dialog = page.getByRole('dialog', { name: 'Remove 2 apps?' })
  for (const name of ['minecraft', 'mealie']) await dialog.getByRole('listitem').filter({ hasText: name }).waitFor()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'Stop the selected apps' }).click()
  const outcomes = page.getByRole('region', { name: 'Stop 2 apps' })
  await outcomes.getByText('2 of 2 done, 2 failed').waitFor()
  const fateOf = (name: string) => outcomes.getByRole('listitem').filter({ hasText: name })
  await fateOf('minecraft').getByText('oak is not online').waitFor()
  await fateOf('mealie').getByText('It is already stopped').waitFor()
  t.is(await page.getByText('2 apps selected').count(), 0)
})

test.serial('several nodes at once, with what became of each', async (t) => {
  t.timeout(120_000)
  const { page } = await cluster(t, '/nodes')
  for (const name of ['birch', 'cedar'])
    await rowOf(page, name)
      .getByRole('checkbox', { name: `Select ${name}` })
      .click()
  await page.getByRole('button', { name: 'Cordon the selected nodes', exact: true }).click()
  await page.getByRole('region', { name: 'Cordon: 2 nodes' }).getByText('2 of 2 done', { exact: true }).waitFor()
  for (const name of ['birch', 'cedar']) await badge(rowOf(page, name), 'Cordoned').waitFor()
  t.is(await rowOf(page, 'maple').getByText('Cordoned').count(), 0)
})

test.serial('a phone shows twelve apps on two screens', async (t) => {
  t.timeout(120_000)
  const { page } = await cluster(t, '/apps', { viewport: phone, hasTouch: true, isMobile: true })
  const twelfth = page.getByRole('list', { name: 'Apps' }).getByRole('listitem').nth(11)
  await twelfth.waitFor()
  const box = await twelfth.boundingBox()
  t.true(box !== null && box.y + box.height <= 2 * phone.height, JSON.stringify(box))
})

const palette = (page: Page) => page.getByRole('dialog', { name: 'Command palette' })

test.serial('the palette leads anywhere and does anything with the keyboard alone', async (t) => {
  t.timeout(120_000)
  const { page, appIds, loads } = await cluster(t, '/apps')
  await rowOf(page, 'gitea').waitFor()
  const search = page.getByRole('searchbox', { name: 'Search apps' })
  await search.focus()
  await page.keyboard.press('Control+k')
  const box = palette(page).getByRole('combobox', { name: 'Find and do anything' })
  await box.waitFor()
  await page.keyboard.type('gitlogs')
  await page.keyboard.press('Escape')
  await palette(page).waitFor({ state: 'detached' })
  t.true(await search.evaluate((element) => element === document.activeElement), 'the focus comes back')

  await page.keyboard.press('Control+k')
  await page.keyboard.type('logs gitea')
  await palette(page)
    .getByRole('option', { name: /^Logs of gitea/, selected: true })
    .waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/apps/${appIds.get('gitea')}/logs`)

  await page.keyboard.press('Control+k')
  await page.keyboard.type('remove mealie')
  await palette(page)
    .getByRole('option', { name: /^Remove mealie/, selected: true })
    .waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Remove mealie?' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })

  await page.keyboard.press('g')
  await page.keyboard.press('n')
  await page.waitForURL('**/nodes')
  await page.keyboard.press('?')
  const keys = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await keys.getByText('Find and do anything').waitFor()
  await page.keyboard.press('Escape')
  await keys.waitFor({ state: 'detached' })

  await page.keyboard.press('/')
  await page.keyboard.type('g?a')
  t.is(await page.getByRole('searchbox', { name: 'Search nodes' }).inputValue(), 'g?a', 'what is typed in a field stays there')
  t.is(loads(), 0)
})

test.serial('the palette offers nobody what their role forbids', async (t) => {
  t.timeout(120_000)
  const { page, primary } = await viewersPalette(t)
  await page.keyboard.type('mealie')
  const options = palette(page).getByRole('option')
  await options.filter({ hasText: 'Logs of mealie' }).waitFor()
  t.is(await options.filter({ hasText: 'Remove mealie' }).count(), 0)
  t.truthy(primary.url)
})

/** The dashboard as a viewer sees it, with the palette open. */
async function viewersPalette(t: ExecutionContext): Promise<{ page: Page; primary: { url: string } } & Partial<Tab>> {
  const primary = await runningNode(t, { NODE_NAME: 'hub' })
  await fillCluster(primary, { now: systemClock.now, advance: () => undefined })
  const token = await primary.services.access.tokens.create(
    { userId: primary.services.access.machineId(), role: 'viewer' },
    { name: 'viewer', scope: 'viewer', expiresInDays: 1 },
  )
  const tab = await (
    await startBrowser(t)
  ).open({ url: primary.url }, '/apps', {
    extraHTTPHeaders: { authorization: `Bearer ${token.secret}` },
  })
  await rowOf(tab.page, 'mealie').waitFor()
  await tab.page.keyboard.press('Control+k')
  await palette(tab.page).getByRole('combobox').waitFor()
  return { ...tab, primary }
}

test.serial('a reload in the middle of an operation comes back to it', async (t) => {
  t.timeout(120_000)
  const { page, visit, primary, appIds } = await cluster(t, '/apps')
  await rowOf(page, 'navidrome').getByRole('link', { name: 'navidrome' }).click()
  const panel = page.getByRole('region', { name: 'Update images of navidrome' })
  await panel.getByText('Pulling navidrome').first().waitFor()
  await visit()
  await panel.getByText('Pulling navidrome').first().waitFor()

  // It ends while the page loads again.
  const appId = appIds.get('navidrome')
  const running = primary.services.feed.inventory.operations().find((operation) => operation.appId === appId)
  t.truthy(running)
  if (running) {
    const over = { ...running, status: 'succeeded' as const, progress: 100, finishedAt: new Date() }
    primary.services.feed.inventory.apply(running.nodeId, { type: 'operation', operation: over })
  }
  await visit()
  await panel.getByRole('status').getByText('Succeeded', { exact: true }).waitFor()
})

test.serial('without a connection the page says what is old, and others open with what is known', async (t) => {
  t.timeout(120_000)
  const { page, primary, troubles, appIds } = await cluster(t, '/apps')
  await page.waitForResponse(/assets\/AppDetail-.*\.js/)
  await page.waitForResponse(/assets\/Account-.*\.js/)
  await primary.stop()
  await page.getByRole('status').filter({ hasText: 'Connection lost' }).waitFor()
  t.is(await page.title(), '(?) Apps · Selfhostly')
  t.true(await page.locator('main.stale').isVisible())

  await rowOf(page, 'gitea').getByRole('link', { name: 'gitea' }).click()
  await page.getByText('Only what the list of apps knew is shown').waitFor()
  await page.getByRole('region', { name: 'Containers' }).getByText('gitea/gitea:1.25').waitFor()
  t.is(new URL(page.url()).pathname, `/apps/${appIds.get('gitea')}`)
  await page.getByRole('link', { name: 'Audit log' }).click()
  await page.getByText('It loads by itself when the connection is back').first().waitFor()
  await page.close()
  troubles.splice(0)
})

test.serial('the title and the icon of the tab show alarms', async (t) => {
  t.timeout(120_000)
  const primary = await runningNode(t, { NODE_NAME: 'hub' })
  const { page, loads } = await (await startBrowser(t)).open(primary, '/nodes')
  await rowOf(page, 'hub').waitFor()
  t.is(await page.title(), 'Nodes · Selfhostly')
  t.is(await page.locator('link[rel=icon]').getAttribute('href'), '/favicon.svg')
  await fillCluster(primary, { now: systemClock.now, advance: () => undefined })
  await page.getByRole('button', { name: /^\d+ alarms?$/ }).waitFor()
  await page.locator('link[rel=icon][href="/favicon-trouble.svg"]').waitFor({ state: 'attached' })
  t.regex(await page.title(), /^\(\d+\) Nodes · Selfhostly$/)
  t.is(loads(), 0)
})
