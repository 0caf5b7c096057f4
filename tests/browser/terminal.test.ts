import test from 'ava'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'
import { runningContainer } from '../helpers/terminal.ts'
import { until } from '../helpers/until.ts'

test('a terminal on another node: keys, search, another program, and the page loaded again', async (t) => {
  t.timeout(90_000)
  const primary = await runningNode(t)
  const node = await runningSecondary(t, primary, { NODE_CONNECTION: 'link', NODE_API_ENDPOINT: 'http://127.0.0.1:9' })
  await primary.services.membership.welcome({ id: node.id, name: 'worker', apiEndpoint: 'http://127.0.0.1:9', apiKey: node.key })
  await until(() => primary.services.members.registry.find(node.id)?.about?.capabilities.includes('terminals') === true)
  const container = await runningContainer(t)
  const name = (await container.docker.getContainer(container.id).inspect()).Name.slice(1)
  const { page } = await (await startBrowser(t)).open(primary, `/nodes/${node.id}/containers`, { reducedMotion: 'reduce' })
  await bringAxe(page)
  await page.goto(page.url())

  const shows = (text: string): Promise<void> => page.locator('.xterm-rows:visible').getByText(text).first().waitFor()
  const types = async (line: string): Promise<void> => {
    await page.keyboard.type(line)
    await page.keyboard.press('Enter')
  }
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Terminal' }).click()
  await shows('# ')
  await types('sleep 4720 & echo he""llo')
  await shows('hello')
  t.deepEqual(await violationsOn(page), [])

  await page.keyboard.press('Control+Shift+F')
  await page.keyboard.type('nowhere')
  await page.getByText('Not found', { exact: true }).waitFor()
  await page.getByLabel('Search in the terminal', { exact: true }).fill('hello')
  await page.getByText('1 of 1', { exact: true }).waitFor()
  await page.keyboard.press('Escape')

  await page.reload()
  await shows('hello')
  await types('echo a""gain')
  await shows('again')
  t.true((await container.processes()).includes('sleep 4720'))

  await page.getByRole('button', { name: /^Program:/ }).click()
  await page.getByRole('menuitemcheckbox', { name: 'bash', exact: true }).click()
  await page.getByText('There is no bash in this container, or it cannot be run').waitFor()

  // The page beside it stays usable, and another page keeps it.
  await page.getByRole('link', { name: 'Overview' }).first().click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.getByText('There is no bash in this container, or it cannot be run').waitFor()
  await page.goBack()
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Terminal' }).click()
  await shows('# ')
  await types('echo sec""ond')
  await shows('second')
  await page.getByRole('button', { name: 'Minimize the terminals' }).click()
  t.false(await page.locator('.xterm-rows').last().isVisible())
  await page.getByRole('button', { name: 'Show the terminals' }).click()
  t.is(await page.locator('.xterm-rows').count(), 2)
  const close = page.getByRole('button', { name: /^Close the terminal in/ })
  await close.last().click()
  await close.click()
  await page.locator('.xterm-rows').waitFor({ state: 'detached' })
  await page.reload()
  await page.getByRole('button', { name: `Actions for ${name}` }).waitFor()
  t.is(await page.locator('.xterm-rows').count(), 0)
})
