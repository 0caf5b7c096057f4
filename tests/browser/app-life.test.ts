import test from 'ava'
import type { Locator, Page } from 'playwright-core'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { createApp, followToEnd, register, secondaryOf } from '../helpers/cluster.ts'
import { badge, followInPanel, openTab } from '../helpers/dashboard.ts'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { web } from '../helpers/own-apps.ts'

const composeContent = `${web(
  "    network_mode: none\n    volumes: ['data:/data']\n    healthcheck: { test: ['CMD', 'true'], interval: 1s }\n",
)}volumes:\n  data: {}\n`

/** Goes around in a dialog with the keyboard, more often than it has fields, and leaves it. @returns whether it kept the focus */
async function keepsFocus(page: Page, dialog: Locator): Promise<boolean> {
  await dialog.locator(':focus').waitFor()
  const kept: boolean[] = []
  for (let stop = 0; stop < 15; stop++) {
    await page.keyboard.press('Tab')
    // Parts of a time field have the focus without matching `:focus`.
    kept.push(await dialog.evaluate((element) => element.contains(element.ownerDocument.activeElement)))
  }
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  return !kept.includes(false)
}

const isFocused = (button: Locator): Promise<boolean> => button.evaluate((element) => element.matches(':focus'))

test('an app on a secondary is scheduled, its volumes copied and restored, a version edited, and it is made again when its node is lost', async (t) => {
  t.timeout(240_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker-1')
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), primary.start(), worker.start()])
  const { id: nodeId } = await register(primary, worker)
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const { app, operation } = await createApp(primary, nodeId, { name, composeContent })
  t.is((await followToEnd(t, primary, operation)).last.error, null)
  const { page, visit, loads } = await browser.open(primary, `/apps/${app.id}/schedules`)
  await bringAxe(page)
  await visit()

  const add = page.getByRole('button', { name: 'Add schedule' })
  const schedule = page.getByRole('dialog', { name: 'Add schedule' })
  await add.click()
  t.true(await keepsFocus(page, schedule))
  t.true(await isFocused(add), 'the focus returns')
  await add.click()
  await schedule.getByRole('combobox', { name: 'When' }).click()
  await page.getByRole('option', { name: 'Cron expression' }).click()
  await schedule.getByLabel('Expression').fill('61 3 * * *')
  await schedule.getByText(/^It .*minute/).waitFor()
  t.true(await schedule.getByRole('button', { name: 'Add', exact: true }).isDisabled())
  t.deepEqual(await violationsOn(page), [])
  await schedule.getByLabel('Expression').fill('30 3 * * 1')
  await schedule.getByRole('status').getByText('03:30').first().waitFor()
  await schedule.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('switch', { name: /^On: Restart/ }).click()
  await page.getByText('Off', { exact: true }).waitFor()
  const { app: kept } = await ask<{ app: object }>(primary, 'query ($id: ID!) { app(id: $id) { schedules { cron enabled } } }', {
    id: app.id,
  })
  t.deepEqual(kept, { schedules: [{ cron: '30 3 * * 1', enabled: false }] })

  await openTab(page, 'Environment')
  await page.getByRole('button', { name: 'Add variable' }).click()
  await page.keyboard.type('WORD')
  await page.getByLabel('Copy named volumes first').check()
  await page.getByRole('button', { name: 'Save and apply' }).click()
  await followInPanel(page, `Update ${name}`)
  await openTab(page, 'Versions')
  await page.getByRole('button', { name: 'Restore volumes from before version 2' }).click()
  const restore = page.getByRole('dialog', { name: `Restore the volumes of ${name}?` })
  await restore.getByText('What was written since then is lost.').waitFor()
  t.deepEqual(await violationsOn(page), [])
  await restore.getByRole('button', { name: 'Restore volumes' }).click()
  await followInPanel(page, `Restore volumes of ${name}`)

  await page.getByRole('button', { name: 'Edit version 1' }).click()
  const unsaved = page.getByRole('region', { name: 'Unsaved changes' })
  await unsaved.getByText('WORD removed').waitFor()
  await unsaved.getByRole('button', { name: 'Discard' }).click()
  await unsaved.waitFor({ state: 'detached' })

  // The machine is gone, with all that ran there.
  await worker.kill()
  await removeProject(name)
  await page.getByText('worker-1 is not online', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Make again on another node' }).click()
  const again = page.getByRole('dialog', { name: `Make ${name} again on another node?` })
  await again.getByText('Data in volumes, named and unnamed').waitFor()
  t.deepEqual(await violationsOn(page), [])
  // The only other node is chosen.
  await again.getByRole('combobox', { name: 'Node' }).getByText('primary').waitFor()
  await again.getByRole('button', { name: 'Make again' }).click()
  await page.waitForURL((url) => !url.pathname.includes(app.id))
  await badge(page.getByRole('region', { name: 'Status' }), 'Running').waitFor()
  t.is(loads(), 0)
})
