import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { startBrowser } from '../helpers/browser.ts'
import { createApp, followToEnd, webApp } from '../helpers/cluster.ts'
import { badge, createInForm, followInPanel, followInToast, openTab, operationPanel, rowOf } from '../helpers/dashboard.ts'
import { ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { pageNow, pageOf } from '../helpers/page.ts'

test.serial('a bad edit of a Compose file is refused with its line, and a good one is applied', async (t) => {
  t.timeout(120_000)
  const node = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), node.start()])
  const { id } = await node.identity()
  const [before, after] = [await freePort(), await freePort()]
  const { app, operation } = await createApp(node, id, { name: uniqueName(), composeContent: webApp(before) })
  await followToEnd(t, node, operation)
  const { page, loads } = await browser.open(node, `/apps/${app.id}/files`)

  const card = page.getByRole('region', { name: 'Files' })
  const editor = card.getByRole('textbox', { name: 'Compose file' })
  const unsaved = page.getByRole('region', { name: 'Unsaved changes' })
  await editor.getByText(`127.0.0.1:${before}:80`).waitFor()
  await editor.fill(`services:\n  web:\n    image: ${testImage}\n    prots:\n      - "80:80"\n`)
  await unsaved.getByRole('button', { name: 'Save and apply' }).click()
  await unsaved.getByRole('alert').filter({ hasText: 'prots' }).waitFor()
  await card.locator('.cm-lint-marker-error').first().waitFor()
  await unsaved.getByRole('button', { name: 'Discard' }).click()
  await editor.getByText(`127.0.0.1:${before}:80`).waitFor()
  await unsaved.waitFor({ state: 'detached' })

  await editor.fill(webApp(after))
  await unsaved.getByRole('button', { name: 'Save and apply' }).click()
  await followInPanel(page, `Update ${app.name}`)
  await openTab(page, 'Overview')
  const containers = page.getByRole('region', { name: 'Containers' })
  await containers.getByRole('link', { name: `Open port ${after}:80 in a new tab` }).waitFor()
  await badge(containers, 'Running').waitFor()
  t.truthy(await pageOf(after))
  await t.throwsAsync(pageNow(before))
  await openTab(page, 'Activity')
  await page
    .getByRole('region', { name: 'Recent operations' })
    .getByRole('button', { name: /Update Succeeded/ })
    .waitFor()
  t.is(loads(), 0)
})

test.serial('a hanging operation can be cancelled, and its app removed', async (t) => {
  t.timeout(120_000)
  const registry = await silentServer(t)
  const node = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser] = await Promise.all([startBrowser(t), node.start()])
  const { page, loads } = await browser.open(node, '/apps')
  const name = uniqueName()
  await createInForm(page, { name, compose: `services:\n  web:\n    image: 127.0.0.1:${registry.port}/${name}:1\n` })

  const panel = operationPanel(page, `Create ${name}`)
  await badge(panel.getByRole('status'), 'Running').waitFor()
  await registry.called
  t.true(await page.getByRole('button', { name: `Update ${name}` }).isDisabled(), 'one operation at a time')
  await panel.getByRole('button', { name: 'Cancel' }).click()
  await followInPanel(page, `Create ${name}`, 'Cancelled')
  await page.getByRole('region', { name: 'Containers' }).getByText('This app has no containers.').waitFor()
  await openTab(page, 'Activity')
  await page
    .getByRole('region', { name: 'Recent operations' })
    .getByRole('button', { name: /Create Cancelled/ })
    .waitFor()

  await page.getByRole('button', { name: `Remove ${name}` }).click()
  await page
    .getByRole('dialog', { name: `Remove ${name}?` })
    .getByRole('button', { name: 'Remove app' })
    .click()
  await followInToast(page, `Remove ${name}`)
  await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor()
  await page.getByRole('heading', { name: 'No apps yet' }).waitFor()
  t.is(loads(), 0)
})

test.serial('a node can be registered with the keyboard alone', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const { page } = await browser.open(primary, '/nodes')
  await badge(rowOf(page, 'primary'), 'Online').waitFor()

  await page.keyboard.press('Tab')
  t.is(await focused(page), 'Skip to content')
  await tabTo(page, 'Add node')
  await page.keyboard.press('Enter')
  const joining = page.getByRole('dialog', { name: 'Add a node' })
  await joining.waitFor()
  await page.keyboard.press('Escape')
  await joining.waitFor({ state: 'detached' })
  t.is(await focused(page), 'Add node', 'the focus returns to where it was')

  await page.keyboard.press('Enter')
  await joining.waitFor()
  await tabTo(page, 'Register by hand')
  await page.keyboard.press('Enter')
  const form = page.getByRole('dialog', { name: 'Register a node' })
  await form.waitFor()
  await joining.waitFor({ state: 'detached' })
  await tabTo(page, 'Node ID')
  await page.keyboard.press('Enter')
  await form.getByText('Enter the ID that the secondary prints').waitFor()
  for (const [label, value] of [
    ['Node ID', '3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90'],
    ['Name', 'worker-1'],
    ['Endpoint', `http://127.0.0.1:${await freePort()}`],
    ['Key', 'a-key-that-nobody-has'],
  ] as const) {
    await tabTo(page, label)
    await page.keyboard.type(value)
  }
  await page.keyboard.press('Enter')
  await form.waitFor({ state: 'detached' })
  await badge(rowOf(page, 'worker-1'), 'Offline').waitFor()

  await tabTo(page, 'More actions for worker-1')
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Edit' }).waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Remove worker-1?' }).waitFor()
  await tabTo(page, 'Remove node')
  await page.keyboard.press('Enter')
  await rowOf(page, 'worker-1').waitFor({ state: 'detached' })
})

/** The name of the focused element. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const element = document.activeElement
    return (element.labels?.[0]?.innerText ?? element.getAttribute('aria-label') ?? element.innerText).replace(/[*\\s]+$/, '').trim()
  })()`)

/** Presses Tab until the named element has the focus. Every page has fewer stops than the limit. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = []
  for (let stops = 0; stops < 40; stops++) {
    const here = await focused(page)
    if (here === name) return
    passed.push(here)
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab never reached ${name}, only: ${passed.join(', ')}`)
}

/** A server that accepts connections and never answers, like a registry behind a broken network. */
async function silentServer(t: ExecutionContext) {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const called = once(server, 'connection')
  t.teardown(() => server.close())
  return { port: (server.address() as AddressInfo).port, called }
}
