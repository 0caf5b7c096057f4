import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { startBrowser, type Tab } from '../helpers/browser.ts'
import { secondaryOf, webApp } from '../helpers/cluster.ts'
import { badge, createInForm, followInPanel, followInToast, go, openTab, registerInForm, rowOf } from '../helpers/dashboard.ts'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

interface Scene {
  tab: Tab
  page: Page
  workers: readonly [NodeProcess, NodeProcess]
  /** The app's name. */
  name: string
  port: number
}

test('steps 4 and 5 of the guide work in the dashboard: register, deploy, monitor, lose a server and get it back', async (t) => {
  t.timeout(180_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const workers = [await secondaryOf(t, primary, 'worker-1'), await secondaryOf(t, primary, 'worker-2')] as const
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), ...[primary, ...workers].map((node) => node.start())])
  const tab = await browser.open(primary)
  const scene: Scene = { tab, page: tab.page, workers, name: uniqueName(), port: await freePort() }

  await registersBoth(t, scene)
  await deploys(t, scene)
  await monitors(t, scene)
  await losesAndFinds(t, scene)
  await stopsAndRemoves(t, scene)
  t.is(tab.loads(), 0, 'every change appeared live, without a reload')
})

/** Registers the first worker with a wrong key, which **Edit** corrects. */
async function registersBoth(t: ExecutionContext, { page, workers }: Scene): Promise<void> {
  await badge(rowOf(page, 'primary'), 'Online').waitFor()
  t.is(await page.title(), 'Nodes · Selfhostly')
  await page.getByRole('heading', { name: 'No secondaries yet' }).waitFor()

  const [first, second] = await Promise.all([workers[0].identity(), workers[1].identity()])
  await registerInForm(page, { ...first, url: workers[0].url, key: 'not-the-key-of-worker-1' })
  const row = rowOf(page, 'worker-1')
  await badge(row, 'Offline').waitFor()
  await row.getByText(/refused the credentials \(401 Invalid API key\)/).waitFor()

  await page.getByRole('button', { name: 'More actions for worker-1' }).click()
  await page.getByRole('menuitem', { name: 'Edit' }).click()
  const form = page.getByRole('dialog', { name: 'Edit worker-1' })
  t.is(await form.getByLabel('Endpoint').inputValue(), workers[0].url)
  t.is(await form.getByLabel('Key').inputValue(), '', 'a key is never sent back to a browser')
  await form.getByLabel('Key').fill(first.key)
  await form.getByRole('button', { name: 'Save' }).click()
  await badge(row, 'Online').waitFor()

  await registerInForm(page, { ...second, url: workers[1].url })
  await badge(rowOf(page, 'worker-2'), 'Online').waitFor()
  await page.getByRole('button', { name: 'Check now: worker-2' }).click()
  await page
    .getByText(/worker-2 answered in \d+ ms/)
    .first()
    .waitFor()
}

async function deploys(t: ExecutionContext, { page, name, port }: Scene): Promise<void> {
  await go(page, 'Apps')
  await createInForm(page, { name, node: 'worker-1', compose: webApp(port) })
  await followInPanel(page, `Create ${name}`)
  await go(page, 'Apps')

  const row = rowOf(page, name)
  await badge(row, 'Running').waitFor()
  await row.getByText('1 of 1 running').waitFor()
  await row.getByRole('link', { name, exact: true }).click()
  const containers = page.getByRole('region', { name: 'Containers' })
  await badge(containers, 'Running').waitFor()
  await containers.getByText('selfhostly-test/web:1').waitFor()
  const link = containers.getByRole('link', { name: `Open port ${port}:80 in a new tab` })
  t.is(await link.getAttribute('href'), `http://127.0.0.1:${port}`, 'where the dashboard is open, because the node is on its machine')
  const [app] = await Promise.all([page.context().waitForEvent('page'), link.click()])
  t.regex(await app.getByRole('heading').innerText(), /Welcome/)
  await app.close()
}

async function monitors(t: ExecutionContext, { page, name }: Scene): Promise<void> {
  await go(page, 'Monitoring')
  for (const node of ['primary', 'worker-1', 'worker-2']) await badge(page.getByRole('region', { name: node }), 'Live').waitFor()
  const worker = page.getByRole('region', { name: 'worker-1' })
  for (const meter of ['CPU', 'Memory', '/']) await worker.getByRole('progressbar', { name: meter, exact: true }).waitFor()
  const container = worker.getByRole('row').filter({ hasText: name })
  await badge(container, 'Running').waitFor()
  t.regex(await container.innerText(), /\d (B|KiB|MiB) of \d/, 'the memory that it uses, and its limit')
  const elsewhere = page.getByRole('region', { name: 'worker-2' }).getByRole('row').filter({ hasText: name })
  // All nodes share one Docker Engine here, so the container appears on each. A card that is out of view is not updated.
  await page.getByRole('region', { name: 'worker-2' }).scrollIntoViewIfNeeded()
  await badge(elsewhere, 'Running').waitFor()
  t.is(await elsewhere.getByRole('cell', { name, exact: true }).count(), 0, 'worker-2 does not claim an app of worker-1')
}

/** The worker dies as in a power cut, is shown as offline with its last known state, and comes back with its own heartbeat. */
async function losesAndFinds(t: ExecutionContext, { page, workers, name, port }: Scene): Promise<void> {
  await go(page, 'Nodes')
  const node = rowOf(page, 'worker-1')
  await badge(node, 'Online').waitFor()
  await workers[0].kill()
  await badge(node, 'Offline').waitFor()
  await node.getByText(/connection refused/).waitFor()

  await go(page, 'Apps')
  const row = rowOf(page, name)
  await badge(row, 'Unknown').waitFor()
  await row.getByText(/^Running as of/).waitFor()
  await row.getByText('1 of 1 ran').waitFor()
  t.true(await row.getByRole('button', { name: `Stop ${name}` }).isDisabled(), 'an offline node cannot stop it')
  await row.getByRole('link', { name, exact: true }).click()
  await page.getByText(/As worker-1 last reported/).waitFor()
  await openTab(page, 'Files')
  t.true(
    (await page.getByRole('textbox', { name: 'Compose file' }).innerText()).includes(String(port)),
    'its Compose file can still be read',
  )
  await page.getByRole('link', { name: 'Back to apps' }).click()
  await badge(row, 'Unknown').waitFor()

  await workers[0].start()
  await badge(row, 'Running').waitFor()
  await go(page, 'Nodes')
  await badge(node, 'Online').waitFor()
}

async function stopsAndRemoves(t: ExecutionContext, { page, name, port }: Scene): Promise<void> {
  await go(page, 'Apps')
  const row = rowOf(page, name)
  await row.getByRole('button', { name: `Stop ${name}` }).click()
  await badge(row, 'Stopped').waitFor()
  t.is(await page.getByText(`Stop ${name}: succeeded`).count(), 0, 'the list says it')
  await t.throwsAsync(fetch(`http://127.0.0.1:${port}/`))

  await row.getByRole('button', { name: `Remove ${name}` }).click()
  const question = page.getByRole('dialog', { name: `Remove ${name}?` })
  await question.getByRole('button', { name: 'Remove app' }).click()
  await question.waitFor({ state: 'detached' })
  await followInToast(page, `Remove ${name}`)
  await row.waitFor({ state: 'detached' })
  await page.getByRole('heading', { name: 'No apps yet' }).waitFor()
}
