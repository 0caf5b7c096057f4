import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { badge, go, rowOf } from '../helpers/dashboard.ts'
import { faultProxy, localWays } from '../helpers/fault-proxy.ts'
import { freePort } from '../helpers/free-port.ts'
import { settingsOf } from '../helpers/join.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

/** From the node's start to the page showing that it joined: 2 s (tests/cluster/join.test.ts) plus Chromium's time on a busy machine. */
const appearsWithinMs = 4000
const permissions = ['clipboard-read', 'clipboard-write']

test.serial('the dashboard creates a join command, and the node that it starts appears by itself', async (t) => {
  t.timeout(90_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'main' })
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const { page, visit, loads } = await browser.open(primary, '/nodes', { reducedMotion: 'reduce', permissions })
  await bringAxe(page)
  await visit()

  await page.getByRole('button', { name: 'Add node' }).click()
  const dialog = page.getByRole('dialog')
  t.is(await dialog.getByLabel("This server's URL, as the new server reaches it").inputValue(), primary.url)
  await dialog.getByText('This address works only on this machine').waitFor()
  await dialog.getByLabel('Node names').fill('worker-{m}')
  await dialog.getByRole('button', { name: 'Create command' }).click()
  await dialog.getByText('contains the unknown placeholder {m}').waitFor()
  await dialog.getByLabel('Node names').fill('worker-{n}')
  await assertAccessible(t, page)
  await dialog.getByRole('button', { name: 'Create command' }).click()
  const line = await copied(page, 'With npm')
  t.regex(await copied(page, 'With Docker'), /^docker run --rm selfhostly:local selfhostly install-script \| .* --join-token shlyjoin_\S+$/)
  t.regex(await copied(page, 'With systemd'), / --systemd$/)
  const status = dialog.getByRole('status')
  await status.getByText('Waiting for the new server').waitFor()

  const badly = await runLine(t, line.replace(/JOIN_TOKEN=\S+/, '$&X'), 'typo-box')
  await badly.start()
  await status.getByText('typo-box could not join: the token is not valid').waitFor()
  await dialog.getByText('with an unknown token').waitFor()

  const worker = await runLine(t, line)
  await worker.start()
  const began = performance.now()
  await status.getByText('worker-1 has joined').waitFor({ timeout: appearsWithinMs })
  t.log(`on the page ${Math.round(performance.now() - began)} ms after the node started`)
  await assertAccessible(t, page)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await badge(rowOf(page, 'worker-1'), 'Online').waitFor()

  await page.getByRole('link', { name: 'Join tokens' }).click()
  const token = page.getByRole('region', { name: 'Join tokens' }).getByRole('listitem', { name: 'new nodes' })
  await badge(token, 'Used up').waitFor()
  await token.getByText('Joined as worker-1.').waitFor()
  const late = await runLine(t, line, 'late-box')
  await late.start()
  await page.getByRole('region', { name: 'Recent attempts' }).getByText('late-box could not join: the token is not valid').waitFor()
  await token.getByText('The join token is used up').waitFor()
  await assertAccessible(t, page)
  await token.getByRole('button', { name: 'Revoke new nodes' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke token' }).click()
  await page.getByText('No tokens.').waitFor()
  await page.getByRole('link', { name: 'worker-1' }).click()
  await page.getByRole('heading', { name: 'worker-1', level: 1 }).waitFor()
  t.is(loads(), 0)
})

test.serial(
  'a connection that failed on the way to the primary is shown after the node joins, and the node follows when its primary moves',
  async (t) => {
    t.timeout(60_000)
    const primary = await nodeProcess(t, { NODE_NAME: 'main' })
    const [browser] = await Promise.all([startBrowser(t), primary.start()])
    const { page } = await browser.open(primary, '/nodes', { permissions })
    const way = await faultProxy(t, localWays(primary.port))
    await page.getByRole('button', { name: 'Add node' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel("This server's URL, as the new server reaches it").fill(`http://127.0.0.1:${way.port}`)
    await dialog.getByRole('spinbutton', { name: 'Number of servers' }).fill('2')
    await dialog.getByRole('button', { name: 'Create command' }).click()
    const line = await copied(page, 'With npm')
    const status = dialog.getByRole('status')
    await status.getByText('0 of 2 joined. Waiting for the new server').waitFor()

    way.refuse()
    const worker = await runLine(t, line, 'some-host')
    await worker.start()
    await worker.logged('join failed')
    await way.heal()
    await status.getByText('1 of 2 joined. some-host has joined').waitFor()
    const failed = dialog.getByRole('region', { name: 'Attempts' }).getByRole('listitem').filter({ hasText: 'no connection (TCP)' })
    await failed.getByText('connection refused').waitFor()
    t.is(await failed.count(), 1)
    await dialog.getByRole('button', { name: 'Done' }).click()

    await go(page, 'Settings')
    const card = page.getByRole('region', { name: 'Primary URL' })
    await card.getByText('No URL has been sent yet.').waitFor()
    const nowhere = `http://127.0.0.1:${await freePort()}`
    const send = async (url: string) => {
      await card.getByLabel('New URL').fill(url)
      await card.getByRole('button', { name: 'Send to nodes' }).click()
    }
    await send(`${primary.url}?x`)
    await card.getByText('must be an http:// or https:// URL without user, query').waitFor()
    await send(nowhere)
    await card.getByText('some-host keeps its current URL').waitFor()
    await card.getByText('connection refused').waitFor()
    await send(primary.url)
    await card.getByText('some-host reached this server there').waitFor()
    await card.getByText(`Sent to nodes: ${primary.url}`).waitFor()
  },
)

/** The clipboard's text after a click on Copy. */
async function copied(page: Page, label: string): Promise<string> {
  await page.getByRole('group', { name: label }).getByRole('button').click()
  await page.getByRole('button', { name: `Copied: ${label}` }).waitFor()
  return page.evaluate('navigator.clipboard.readText()')
}

/** The process that the page's command starts, not started yet. NODE_NAME stands in for different machines. */
const runLine = async (t: ExecutionContext, line: string, name?: string): Promise<NodeProcess> =>
  nodeProcess(t, { ...(await settingsOf(line)), ...(name === undefined ? {} : { NODE_NAME: name }) })

async function assertAccessible(t: ExecutionContext, page: Page): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.locator(`html.${colorScheme}`).waitFor({ state: 'attached' })
    t.deepEqual(await violationsOn(page, colorScheme === 'dark' ? undefined : ['color-contrast']), [], colorScheme)
  }
}
