import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Locator, Page } from 'playwright-core'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { createApp, followToEnd, register, secondaryOf } from '../helpers/cluster.ts'
import { go, openTab } from '../helpers/dashboard.ts'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { web } from '../helpers/own-apps.ts'
import { httpReceiver } from '../helpers/receivers.ts'

const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
]
/** A folder for pictures, for people to look at. */
const pictures = process.env['SCREENSHOTS']
const region = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true })

/** What is shown fits both sizes and is accessible. */
async function fits(t: ExecutionContext, page: Page, name: string): Promise<void> {
  for (const size of sizes) {
    await page.setViewportSize(size)
    t.true((await page.evaluate<number>('document.documentElement.scrollWidth')) <= size.width, `${name} at ${size.width}`)
    t.deepEqual(await violationsOn(page), [], `${name} at ${size.width}`)
    for (const theme of pictures ? (['dark', 'light'] as const) : []) {
      await page.emulateMedia({ colorScheme: theme })
      await page.locator(`html.${theme}`).waitFor({ state: 'attached' })
      await page.screenshot({ path: join(pictures ?? '', `${name}-${size.width}-${theme}.png`), fullPage: true })
    }
  }
  await page.setViewportSize(sizes[0] ?? { width: 1440, height: 900 })
}

const crashing = web("    network_mode: none\n    restart: always\n    command: ['sh', '-c', 'exit 3']\n")

test('an app that crashes on a secondary is in the bell and goes out, and what happened is in the timeline', async (t) => {
  t.timeout(240_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker-1')
  const receiver = await httpReceiver(t, [500])
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), primary.start(), worker.start()])
  const { id: nodeId } = await register(primary, worker)
  const { page, visit, loads } = await browser.open(primary, '/settings', { reducedMotion: 'reduce', viewport: sizes[0] ?? null })
  await bringAxe(page)
  await visit()

  const channels = region(page, 'Notifications')
  await channels.getByText('No channels.').waitFor()
  await channels.getByRole('button', { name: 'Add channel' }).click()
  const form = page.getByRole('dialog', { name: 'Add a channel' })
  await form.getByRole('combobox', { name: 'Kind' }).click()
  await page.getByRole('option', { name: 'E-mail' }).click()
  await form.getByLabel('Mail server').waitFor()
  await fits(t, page, 'channel-email')
  await form.getByRole('combobox', { name: 'Kind' }).click()
  await page.getByRole('option', { name: 'Webhook' }).click()
  await form.getByLabel('Name').fill('On call')
  await form.getByLabel('Address').fill(`${receiver.url}/hook`)
  await form.getByRole('button', { name: 'Save' }).click()
  await form.getByText('must have at least 16 characters').waitFor()
  await form.getByRole('button', { name: 'Make one' }).click()
  await fits(t, page, 'channel-webhook')
  await form.getByRole('button', { name: 'Save' }).click()
  await form.waitFor({ state: 'detached' })
  const channel = channels.getByRole('group', { name: 'Channel On call' })
  await channel.getByRole('button', { name: 'Test' }).click()
  await channels
    .getByText(/answered 500/)
    .first()
    .waitFor()
  await channel.getByRole('button', { name: 'Test' }).click()
  await receiver.got(2)
  await channel.getByRole('button', { name: 'Log' }).click()
  const log = channels.getByRole('list', { name: 'Messages to On call' })
  await log.getByText('Sent', { exact: true }).waitFor()
  t.is(await log.getByRole('listitem').count(), 2)

  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const { operation } = await createApp(primary, nodeId, { name, composeContent: crashing })
  await followToEnd(t, primary, operation)
  const bell = page.getByRole('button', { name: /alarm/i })
  const alarms = page.getByRole('list', { name: 'Alarms' })
  await bell.click()
  await alarms.getByText(`${name}: service web keeps restarting`).waitFor()
  await fits(t, page, 'bell')
  await page.keyboard.press('Escape')
  const [, , alarm] = await receiver.got(3)
  t.like(JSON.parse(alarm?.body ?? ''), { event: 'alarm', app: { name }, node: { name: 'worker-1' } })
  await log.getByText(`Critical: ${name} on worker-1`).waitFor()
  await fits(t, page, 'channels')

  await go(page, 'Apps')
  await page.getByRole('link', { name, exact: true }).first().click()
  await openTab(page, 'Activity')
  const timeline = region(page, 'What happened')
  await timeline
    .getByText(/web: ended with an error \(3\)/i)
    .first()
    .waitFor()
  await fits(t, page, 'app-timeline')
  await timeline.getByLabel('Around').fill('2026-01-01T15:00')
  await timeline.getByText('Nothing is known of that time.').waitFor()
  await timeline.getByRole('button', { name: 'Newest' }).click()
  await timeline
    .getByText(/created/)
    .first()
    .waitFor()
  t.is(loads(), 0)

  await visit(`${primary.url}/nodes/${nodeId}/activity`)
  await timeline
    .getByText(new RegExp(`${name}: web: ended with an error \\(3\\)`))
    .first()
    .waitFor()
  await fits(t, page, 'node-timeline')
  await worker.kill()
  await bell.click()
  await alarms
    .getByText(/worker-1/)
    .first()
    .waitFor()
  t.is(await alarms.getByRole('listitem').count(), 1, 'one alarm for the node, and none for its app')
  await fits(t, page, 'bell-node-down')
  await visit(`${primary.url}/nodes/${nodeId}/activity`)
  await timeline.getByText('The node is offline').first().waitFor()
  await timeline.getByText('Everything else is missing').waitFor()
  await timeline.getByText(`${name}: Creating it succeeded`).waitFor()
  await fits(t, page, 'node-timeline-away')
})
